// Holds flags as a page does, with OpenFeature's OFREP provider for browsers: prints a line of JSON
// with every flag that was named, at once and after each change that it is told of. Ends with its
// standard input.
globalThis.EventSource = require('eventsource').EventSource;
const { OpenFeature, ProviderEvents } = require('@openfeature/web-sdk');
const { OFREPWebProvider } = require('@openfeature/ofrep-web-provider');

const [baseUrl, token, who, ...keys] = process.argv.slice(2);

function tell() {
  const flags = OpenFeature.getClient();
  const held = {};
  for (const key of keys) {
    const details = flags.getBooleanDetails(key, false);
    held[key] = { value: details.value, variant: details.variant, reason: details.reason };
  }
  console.log(JSON.stringify(held));
}

async function main() {
  await OpenFeature.setContext({ targetingKey: who });
  const provider = new OFREPWebProvider({
    baseUrl,
    // No asking now and then: what it learns, it is told.
    pollInterval: 0,
    headers: [['Authorization', `Bearer ${token}`]],
  });
  await OpenFeature.setProviderAndWait(provider);
  OpenFeature.addHandler(ProviderEvents.ConfigurationChanged, tell);
  tell();
}

// Nobody waits for a line that does not come.
setTimeout(() => process.exit(1), 60_000).unref();
process.stdin.on('end', () => process.exit(0)).resume();
main();
