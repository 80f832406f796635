/**
 * What the auth endpoint answers, field by field: name on the wire, the type Fruum needs, and whether it must be
 * there. Fruum sends the whole reply on to the browser, keeps unknown fields, and takes any truthy value for "yes"; so
 * a reply is made of these fields alone, with exactly these types.
 */
export const fruumReplyFields = {
  /** Key of the user in the forum. */
  id: { kind: 'string', required: true },
  /** Left out means anonymous, so it is always there, and always false. */
  anonymous: { kind: 'boolean', required: true },
  /** Any truthy value makes an administrator, the text "false" included: only a real boolean is sent. */
  admin: { kind: 'boolean', required: true },
  /** White space would be turned into `_` by Fruum; mentions and profile pages go by it. */
  username: { kind: 'string', required: true },
  displayname: { kind: 'string', required: false },
  /** Turns notification mails on. */
  email: { kind: 'string', required: false },
  avatar: { kind: 'string', required: false },
} as const satisfies Record<string, { kind: 'string' | 'boolean'; required: boolean }>;

type Fields = typeof fruumReplyFields;
type Kinds = { string: string; boolean: boolean };
type RequiredName = { [N in keyof Fields]: Fields[N]['required'] extends true ? N : never }[keyof Fields];
type OptionalName = Exclude<keyof Fields, RequiredName>;

/** A reply that logs somebody in. */
export type FruumUserReply = {
  readonly [N in Exclude<RequiredName, 'anonymous'>]: Kinds[Fields[N]['kind']];
} & {
  readonly anonymous: false;
} & { readonly [N in OptionalName]?: Kinds[Fields[N]['kind']] };

/** What Fruum gets: a user, or `{}`, which makes the visitor anonymous. */
export type FruumReply = FruumUserReply | Readonly<Record<string, never>>;
