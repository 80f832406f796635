/** What is wrong, odd, or as it should be. */
export interface Finding {
  readonly level: 'right' | 'odd' | 'wrong';
  readonly text: string;
}

/** A name, its content, and what is to be said about it. All three may hold anything. */
export type InspectedField = readonly [name: string, value: string, remark?: string];

/** What was found out about a text. Holds no secret. */
export interface Inspection {
  readonly what: string;
  readonly fields: readonly InspectedField[];
  readonly findings: readonly Finding[];
}

export const right = (text: string): Finding => ({ level: 'right', text });
export const odd = (text: string): Finding => ({ level: 'odd', text });
export const wrong = (text: string): Finding => ({ level: 'wrong', text });
