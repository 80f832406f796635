import { describeProviderRole } from '../../src/provider-role/index.js';
import { startConnector } from './connector-provider.js';

describeProviderRole({
  name: 'discourseConnectProvider',
  ownPictures: false,
  differences: {
    'vector: custom fields and prompt come back':
      'of the request only nonce, return address and custom.* are repeated',
    'vector: a request that smuggles user fields: overwritten or passed through':
      'no field of a person is taken from the request',
    'vector: 2fa confirmed': 'require_2fa is not repeated',
    'vector: 2fa asked, user has none': 'require_2fa is not repeated',
    'vector: empty return_sso_url': 'a clear refusal instead of a fault',
    'vector: return_sso_url without a scheme': 'a clear refusal instead of a fault',
    'vector: return_sso_url that is no uri': 'a clear refusal instead of a fault',
    'vector: return_sso_url with unicode in the path': 'a clear refusal instead of a fault',
    'vector: http and https are alike': 'https is required beyond this machine',
    'vector: userinfo in the url': 'an address with a user name is refused',
    'wildcard: a line for foo*.example.com and the host foobar.example.com: false':
      'a * that is not in front is a mistake, and said at the start',
    'wildcard: a line for a.*.com and the host a.b.com: false':
      'a * that is not in front is a mistake, and said at the start',
    'vector: no rows at all': 'without clients the site does not start',
  },
  start: startConnector,
});
