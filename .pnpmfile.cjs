/**
 * What `pnpm pack` and `pnpm publish` change in a package.json: the export condition that points at our source and the
 * development dependencies, some of which are private, stay here.
 */
function beforePacking({ devDependencies, ...manifest }) {
  for (const target of Object.values(manifest.exports)) delete target['@forum-sso/source'];
  return manifest;
}

module.exports = { hooks: { beforePacking } };
