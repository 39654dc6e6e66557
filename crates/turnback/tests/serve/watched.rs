//! A world whose guard `errors` measures what a file says.

use turnback_testkit::Cluster;

use crate::world::World;

/// The phase is cut over.
pub const CUT_OVER: &str = "SELECT EXISTS (SELECT FROM turnback.phase WHERE state = 'cut_over')";

/// A world whose guard `errors` measures what a file says.
pub struct Watched {
    /// Its database and plan.
    pub world: World,
}

impl Watched {
    /// With this guard and these decisions, of a phase that bakes for an hour.
    pub async fn new(name: &str, guard: &str, decision: &str) -> Self {
        let world = World::chat(Cluster::shared(), name, 500).await;
        let watched = Self { world };
        watched.measures("0");
        watched.world.write_plan(&format!(
            "phases:
  - id: keys
    operations:
      - convert_key: {{ table: users, to: uuid }}
      - convert_key: {{ table: conversations, to: uuid }}
      - convert_key: {{ table: messages, to: uuid }}
    bake: 1h
guards:
  errors:
    command: {{ run: [cat, measured], measure: number }}
    interval: 100ms
    for: 1 of 1
    {guard}
decisions:
  - {{ when: {{ level: critical }}, {decision} }}
"
        ));
        watched
    }

    /// From now on the guard measures this.
    pub fn measures(&self, what: &str) {
        // In one piece: a probe must not read half of it.
        let (new, place) = (self.world.path("measured.new"), self.world.path("measured"));
        std::fs::write(&new, what).expect("the file can be written");
        std::fs::rename(new, place).expect("the file can be moved");
    }
}
