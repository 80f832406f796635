const largest = 2n ** 63n - 1n;

/** PHP's `(int)` of a text: the number at its start, 0 without one; what is too large becomes the largest. */
export function toInteger(text: string): bigint {
  const number = /^[ \t\n\r\v\f]*([+-]?)(\d+)?((?:\.\d*)?(?:[eE][+-]?\d+)?)/.exec(text);
  const [, sign = '', digits, rest = ''] = number ?? [];
  if (digits === undefined) return 0n;
  const value = rest === '' ? BigInt(digits) : wholePart(`${digits}${rest}`);
  const limited = value > largest ? largest : value;
  return sign === '-' ? -limited : limited;
}

function wholePart(decimal: string): bigint {
  const value = Math.trunc(Number(decimal));
  return Number.isFinite(value) ? BigInt(value) : 0n;
}
