//! Pages on a socket of their own, for a browser.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use turnback_server::dashboard::assets;

/// A site on loopback, for as long as the value lives.
pub struct Site {
    pub address: String,
    _runtime: Runtime,
}

impl Site {
    pub fn of(app: Router) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("there are threads");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("loopback has ports");
        let port = listener.local_addr().expect("it listens").port();
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self {
            address: format!("http://127.0.0.1:{port}"),
            _runtime: runtime,
        }
    }

    /// The gallery: every page in every state.
    pub fn of_gallery() -> (Self, Vec<String>) {
        let pages: BTreeMap<String, String> = super::frames::all().into_iter().collect();
        let names = pages.keys().cloned().collect();
        let page = move |Path(name): Path<String>| {
            let page = pages.get(&name).cloned();
            async move {
                page.map_or_else(
                    || StatusCode::NOT_FOUND.into_response(),
                    |page| Html(page).into_response(),
                )
            }
        };
        let asset = |Path((_, name)): Path<(String, String)>| async move {
            let asset = assets::named(&name).expect("pages ask for assets that are there");
            ([(header::CONTENT_TYPE, asset.media_type)], asset.text)
        };
        let app = Router::new()
            .route("/pages/{name}", get(page))
            .route("/assets/{stamp}/{name}", get(asset));
        (Self::of(app), names)
    }
}
