/** 1234567 → `1,234,567`. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** Seconds in words, in the two largest units: `2 h 5 min`, `48 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [days, hours, minutes] = [whole / 86_400, (whole / 3_600) % 24, (whole / 60) % 60].map(Math.floor);
  const parts = [
    { value: days ?? 0, unit: 'd' },
    { value: hours ?? 0, unit: 'h' },
    { value: minutes ?? 0, unit: 'min' },
    { value: whole % 60, unit: 's' },
  ];
  const first = parts.findIndex(({ value }) => value > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(({ value }) => value > 0)
    .map(({ value, unit }) => `${value} ${unit}`)
    .join(' ');
}
