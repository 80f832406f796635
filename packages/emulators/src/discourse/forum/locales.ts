/** The languages that Discourse is delivered in: all others are ignored as a user's locale. */
const locales: ReadonlySet<string> = new Set(
  (
    'ar be bg bs_BA ca cs da de el en en_GB es et fa_IR fi fr gl he hr hu hy id it ja ko lt lv nb_NO nl pl_PL pt pt_BR ' +
    'ro ru sk sl sq sr sv sw te th tr_TR ug uk ur vi zh_CN zh_TW'
  ).split(' '),
);

export function isLocale(value: string): boolean {
  return locales.has(value);
}
