import * as nodeModule from 'node:module';

import * as hooks from './source-hooks.mjs';

// Node 20 only knows the hooks that run in a thread of their own.
if ('registerHooks' in nodeModule) nodeModule.registerHooks(hooks);
else nodeModule.register('./source-hooks.mjs', import.meta.url);
