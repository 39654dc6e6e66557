// Asks for flags with OpenFeature's OFREP provider for servers, and prints what it got.
//
// Cases come as JSON on the standard input: a list of {type, key, default, context}.
const { OpenFeature } = require('@openfeature/server-sdk');
const { OFREPProvider } = require('@openfeature/ofrep-provider');

const [baseUrl, token] = process.argv.slice(2);
const asks = {
  boolean: 'getBooleanDetails',
  string: 'getStringDetails',
  integer: 'getNumberDetails',
  float: 'getNumberDetails',
  object: 'getObjectDetails',
};

async function main() {
  const cases = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  const headers = [['Authorization', `Bearer ${token}`]];
  await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, headers }));
  const flags = OpenFeature.getClient();
  const got = [];
  for (const { type, key, default: fallback, context } of cases) {
    const details = await flags[asks[type]](key, fallback, context);
    got.push({
      value: details.value,
      variant: details.variant ?? null,
      reason: details.reason,
      error: details.errorCode ?? null,
      metadata: details.flagMetadata ?? {},
    });
  }
  process.stdout.write(JSON.stringify(got));
}

main();
