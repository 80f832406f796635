import type { Route } from '../connector.js';
import { errorRow, type Refusal } from '../errors.js';
import { type PageContent, type PageRenderer, pageReply } from './page.js';
import { jsonReply, type ReplyHeader, type SsoReply } from './reply.js';

/**
 * What a refused caller gets: a person gets a small page with a way back, a program gets JSON. Both hear the public
 * sentence and the code, never the detail.
 */
export function refusalReply(
  { refused: code }: Refusal,
  caller: Route['caller'],
  homePath: string,
  render: PageRenderer,
  {
    links = [],
    headers = [],
  }: { readonly links?: PageContent['links']; readonly headers?: readonly ReplyHeader[] } = {},
): SsoReply {
  const { status, publicMessage } = errorRow(code);
  if (caller === 'machine' || caller === 'script') {
    return jsonReply(status, { error: code, message: publicMessage }, headers);
  }
  return pageReply(
    {
      status,
      title: status >= 500 ? 'This does not work at the moment' : 'This did not work',
      paragraphs: [publicMessage],
      links: [...links, { text: 'Back to the site', href: homePath }],
      code,
    },
    render,
    { headers },
  );
}
