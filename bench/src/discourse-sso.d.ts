/** The npm package, which has no types of its own. */
declare module 'discourse-sso' {
  class DiscourseSso {
    constructor(secret: string);
    validate(payload: string, signature: string): boolean;
    getNonce(payload: string): string;
    buildLoginString(fields: Record<string, string | boolean>): string;
  }
  export = DiscourseSso;
}
