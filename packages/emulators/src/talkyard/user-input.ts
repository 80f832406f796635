import { badJson, internalError, TalkyardError } from './talkyard-error.js';

/** The details of a person, read from a request or a token, before the community looks at them. */
export interface UserInput {
  readonly ssoId: string;
  readonly extId: string | undefined;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly username: string | undefined;
  readonly fullName: string | undefined;
  readonly admin: boolean;
  readonly moderator: boolean;
}

/** Reads the body of the two requests for a login secret. */
export function readLoginSecretBody(body: unknown): UserInput {
  const fields = asObject(body);
  if (fields === undefined) throw new TalkyardError(400, 'TyEBADEXTUSR', 'The body is not a JSON object');
  const ssoId = fields.ssoId;
  const id = typeof ssoId === 'string' ? ssoId : fields.externalUserId;
  if (typeof id !== 'string') throw new TalkyardError(400, 'TyEBADEXTUSR', 'No ssoId');
  return readDetails(fields, id.trim());
}

/** Reads the body of `upsert-user`. */
export function readUpsertBody(body: unknown): UserInput {
  const fields = asObject(body);
  if (fields === undefined) throw new TalkyardError(400, 'TyEBADEXTUSR03', 'The body is not a JSON object');
  const ssoId = fields.ssoId;
  if (typeof ssoId !== 'string') throw badJson('"ssoId" is not a string', 'TyE5S204RTE');
  return readDetails(fields, ssoId.trim());
}

function readDetails(fields: Readonly<Record<string, unknown>>, ssoId: string): UserInput {
  const { primaryEmailAddress, isEmailAddressVerified } = fields;
  if (typeof primaryEmailAddress !== 'string') throw badJson('"primaryEmailAddress" is not a string');
  if (typeof isEmailAddressVerified !== 'boolean') throw badJson('"isEmailAddressVerified" is not a boolean');
  const extId = blankIsAbsent(fields.extId);
  if (extId !== undefined && extId.length > 128) {
    throw new TalkyardError(400, 'TyEEXTIDLNG', 'extId is too long [TyE402TKUHR24]', { bare: true });
  }
  return {
    ssoId,
    extId,
    email: primaryEmailAddress.trim(),
    emailVerified: isEmailAddressVerified,
    username: blankIsAbsent(fields.username),
    fullName: blankIsAbsent(fields.fullName),
    admin: fields.isAdmin === true,
    moderator: fields.isModerator === true,
  };
}

/** Checks what both ways of logging in have in common: the address, its shape before its confirmation. */
export function checkUserInput({ ssoId, email, emailVerified }: UserInput): void {
  const fault = emailShapeFault(email);
  if (fault !== undefined) {
    throw new TalkyardError(400, 'TyE5KBW02', `Bad email address: '${email}' [${fault}]`, { bare: true });
  }
  if (!emailVerified) {
    throw new TalkyardError(403, 'TyESSOEMLUNVERF', `The email address ${email} has not been verified`);
  }
  if (ssoId === '' || ssoId.length > 200) throw internalError('users3: ssoid_c_len');
  if (email !== email.toLowerCase()) throw internalError(`users3: email_c_lower: ${email}`);
  if (email.length > 100 || /[,;!?&|'"<>]/.test(email))
    throw internalError(`users3: email_c_chars: ${email}`);
}

/** Talkyard's inner code for an address of the wrong shape. */
export function emailShapeFault(email: string): string | undefined {
  if (/\s/.test(email)) return 'TyE35M0ABT5';
  const [before = '', after = '', ...more] = email.split('@');
  if (more.length > 0) return 'TyE35M0ABT2';
  const dot = after.indexOf('.', 1);
  return before === '' || dot === -1 || dot === after.length - 1 ? 'TyE35M0ABT4' : undefined;
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}

function blankIsAbsent(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
