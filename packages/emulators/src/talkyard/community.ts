import { internalError, TalkyardError } from './talkyard-error.js';
import { checkUserInput, type UserInput } from './user-input.js';
import { freeUsername } from './usernames.js';

/** An account of the emulated community. */
export interface Member {
  readonly id: number;
  username: string;
  fullName: string | undefined;
  ssoId: string | undefined;
  extId: string | undefined;
  email: string;
  emailVerified: boolean;
  readonly admin: boolean;
  readonly moderator: boolean;
  state: 'active' | 'suspended' | 'unapproved';
}

/** An account that is there from the start, as if it had signed up before single sign-on came. */
export interface SeedMember {
  readonly username: string;
  readonly email: string;
  readonly fullName?: string;
  readonly ssoId?: string;
  readonly emailVerified?: boolean;
  readonly admin?: boolean;
}

const memberLimit = 10_000;

/** The accounts, found by every id they have, and Talkyard's rules of who is who. */
export class Community {
  readonly #members = new Map<number, Member>();
  readonly #onCreated: (member: Member) => void;
  #nextId = 100;

  constructor(seeds: readonly SeedMember[], onCreated: (member: Member) => void) {
    this.#onCreated = () => {};
    for (const { username, email, fullName, ssoId, emailVerified = true, admin = false } of seeds) {
      this.#add({
        username,
        email,
        fullName,
        ssoId,
        extId: undefined,
        emailVerified,
        admin,
        moderator: false,
      });
    }
    this.#onCreated = onCreated;
  }

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  find(test: (member: Member) => boolean): Member | undefined {
    for (const member of this.#members.values()) if (test(member)) return member;
    return undefined;
  }

  byId(id: number): Member | undefined {
    return this.#members.get(id);
  }

  bySsoId(ssoId: string): Member | undefined {
    return this.find((member) => member.ssoId === ssoId);
  }

  /** A login: somebody known is found and left as they are, somebody with the same address linked, anybody else created. */
  logIn(input: UserInput): Member {
    checkUserInput(input);
    return this.bySsoId(input.ssoId) ?? this.#link(input) ?? this.#create(input);
  }

  /** `upsert-user`: somebody known is updated; otherwise the same as a login. */
  upsert(input: UserInput): Member {
    checkUserInput(input);
    const known = this.bySsoId(input.ssoId);
    if (known === undefined) return this.#link(input) ?? this.#create(input);
    const owner = this.find(({ email }) => email === input.email);
    if (owner !== undefined && owner !== known) {
      throw new TalkyardError(403, 'TyEUPSDUPEML_', `Another user has the email address ${input.email}`);
    }
    known.email = input.email;
    known.emailVerified = true;
    if (input.username !== undefined) {
      known.username = this.#freeName(input.username, known);
    }
    if (input.fullName !== undefined) known.fullName = input.fullName.slice(0, 100);
    return known;
  }

  #link({ ssoId, email }: UserInput): Member | undefined {
    const member = this.find((candidate) => candidate.email === email);
    if (member === undefined) return undefined;
    if (member.ssoId !== undefined) {
      throw new TalkyardError(
        403,
        'TyESSOEMLCONFL_',
        `There already is a user with the email address ${email}, @${member.username}, with another sso id`,
      );
    }
    if (!member.emailVerified) {
      throw new TalkyardError(
        403,
        'TyE7BKG52A4',
        `@${member.username} has not verified the address ${email}`,
      );
    }
    member.ssoId = ssoId;
    return member;
  }

  #create({ ssoId, extId, email, username, fullName, admin, moderator }: UserInput): Member {
    if (extId !== undefined && this.find((member) => member.extId === extId) !== undefined) {
      throw internalError(`users3: u_extid_c: ${extId}`);
    }
    const name = this.#freeName(username ?? fullName ?? `unnamed_${this.#nextId}`);
    return this.#add({
      username: name,
      fullName: fullName?.slice(0, 100),
      ssoId,
      extId,
      email,
      emailVerified: true,
      admin,
      moderator,
    });
  }

  #add(details: Omit<Member, 'id' | 'state'>): Member {
    if (this.#members.size >= memberLimit) throw internalError('The emulator has no room for more members.');
    const member: Member = { id: this.#nextId++, ...details, state: 'active' };
    this.#members.set(member.id, member);
    this.#onCreated(member);
    return member;
  }

  #freeName(wish: string, owner?: Member): string {
    const taken = (name: string) =>
      this.find((member) => member !== owner && member.username.toLowerCase() === name.toLowerCase()) !==
      undefined;
    const name = freeUsername(wish, taken);
    if (name === undefined) throw new TalkyardError(403, 'TyE2GKRC4C2', 'Cannot generate username');
    return name;
  }
}

/** A user as the API and the webhooks show them: no e-mail address. */
export function describeMember({ id, username, fullName, ssoId, extId }: Member): Record<string, unknown> {
  return {
    id,
    username,
    ...(fullName === undefined ? {} : { fullName }),
    ...(ssoId === undefined ? {} : { ssoId }),
    ...(extId === undefined ? {} : { extId }),
  };
}
