/*
 * Takes the place of the package form-data in the bundles (serverless.yml, custom.esbuild.alias). axios imports it for
 * forms, which this project never sends; with it come a list of all MIME types and 10 packages, 0.2 MB of each bundle.
 */
export default globalThis.FormData;
