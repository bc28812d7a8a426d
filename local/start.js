/*
 * Starts a program of the project if this is Node 24: node local/start.js local/main.ts
 *
 * The package `node` brings Node 24, and the scripts of package.json find it first. Where its installation was skipped,
 * as with npm ci --ignore-scripts, an older Node reads this file, and could not read a .ts file. So this is plain
 * JavaScript that every Node understands. Without a program, it only checks.
 */
(() => {
  var OLDEST = 24;
  var program = process.argv[2];
  var root = '../';

  function fail(message) {
    process.stderr.write(`${message}\n`);
    process.exitCode = 1;
  }

  function explain(fs) {
    // On Windows with .exe.
    var isInstalled = fs.existsSync('node_modules/node/bin/node') || fs.existsSync('node_modules/node/bin/node.exe');
    var hasPackage = fs.existsSync('node_modules/node/package.json');
    fail(
      'This is Node ' +
        process.versions.node +
        ', and the project needs Node ' +
        OLDEST +
        ', which its package "node" brings. ' +
        (isInstalled
          ? 'npm uses it for the scripts of package.json: use npm start, or npx node instead of node'
          : hasPackage
            ? 'The package is there, but its installation was skipped (--ignore-scripts). To finish it: npm rebuild node --ignore-scripts=false'
            : 'To install it: npm ci'),
    );
  }

  if (Number(process.versions.node.split('.')[0]) < OLDEST) {
    // biome-ignore lint/style/useNodejsImportProtocol: Node 12 doesn't know node:fs
    import('fs').then(explain);
    return;
  }
  if (!program) return;
  // The program finds its arguments where it would have them without this file.
  process.argv.splice(1, 1);
  import('node:module')
    // Node keeps the compiled modules in the system's temporary folder. A start then takes about a quarter less.
    .then((module) => module.enableCompileCache())
    .then(() => import(root + program))
    .catch((error) => {
      if (error.code !== 'ERR_MODULE_NOT_FOUND' || !/^Cannot find package/.test(error.message)) throw error;
      fail(
        `A package of the project is not installed (${error.message.split(' imported')[0]}). To install all: npm ci`,
      );
    });
})();
