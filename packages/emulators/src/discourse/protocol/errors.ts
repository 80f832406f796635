/** An exception as Discourse raises it. `className` is the name of its class there. */
export class DiscourseError extends Error {
  readonly className: string;

  constructor(className: string, message: string) {
    super(message);
    this.name = 'DiscourseError';
    this.className = className;
  }
}

/**
 * What Discourse catches while it reads a message: answers 422. Unlike Discourse's own text, no message here holds
 * the expected signature.
 */
export class ParseError extends DiscourseError {
  constructor(message: string, className = 'DiscourseConnectBase::ParseError') {
    super(className, message);
  }
}

/** `sso` holds characters that are not base64. */
export class PayloadParseError extends ParseError {
  constructor() {
    super('The sso value holds characters that are not base64.', 'DiscourseConnectBase::PayloadParseError');
  }
}

/** `sig` is missing or does not belong to `sso` and the secret. */
export class SignatureError extends ParseError {
  constructor() {
    super(
      'The signature does not belong to this payload and secret.',
      'DiscourseConnectBase::SignatureError',
    );
  }
}

/** The secret is empty (Discourse since June 2026; earlier ones sign with the empty key). */
export class BlankSecretError extends DiscourseError {
  constructor() {
    super('DiscourseConnectBase::BlankSecretError', 'The secret is blank.');
  }
}

/** Exceptions of Ruby itself that Discourse does not catch while reading: a plain 500. */
export function argumentError(message: string): DiscourseError {
  return new DiscourseError('ArgumentError', message);
}

export function noMethodError(message: string): DiscourseError {
  return new DiscourseError('NoMethodError', message);
}

export function runtimeError(message: string): DiscourseError {
  return new DiscourseError('RuntimeError', message);
}
