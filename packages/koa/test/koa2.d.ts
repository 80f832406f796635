/** Koa 2 under a name of its own; what the tests use of it has the types of Koa 3. */
declare module 'koa2' {
  import Koa = require('koa');
  export = Koa;
}
