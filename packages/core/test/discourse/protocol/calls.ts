import { messageUrl, signMessage, verifyMessage } from '../../../src/discourse/index.js';
import { isForumSsoError } from '../../../src/errors.js';

/** The public functions as untyped JavaScript calls them: with anything. */
export const callSign = (...args: readonly unknown[]): unknown => Reflect.apply(signMessage, undefined, args);
export const callVerify = (...args: readonly unknown[]): unknown =>
  Reflect.apply(verifyMessage, undefined, args);
export const callUrl = (...args: readonly unknown[]): unknown => Reflect.apply(messageUrl, undefined, args);

/** How a call ended: the result, or the code of its error. Any other exception is thrown on. */
export type Outcome = { readonly result: unknown } | { readonly code: string; readonly error: Error };

export function outcomeOf(call: () => unknown): Outcome {
  try {
    return { result: call() };
  } catch (error) {
    if (isForumSsoError(error)) return { code: error.code, error };
    throw error;
  }
}

export function codeOf(call: () => unknown): string {
  const outcome = outcomeOf(call);
  return 'code' in outcome ? outcome.code : 'accepted';
}
