import type { Request, RequestHandler, Response } from 'express';

import type { Fault, Faults } from '../forum/faults.js';

/** Lets requests wait, fail, break off or hang as the switches say. The emulator's own addresses are left alone. */
export function faultInjection(faults: Faults): RequestHandler {
  return (request, response, next) => {
    const plan = /^\/(?:emulator|admin\/faults)(?:\/|$)/.test(request.path)
      ? null
      : faults.plan(request.path);
    if (plan === null) return next();
    const go = (): void => {
      if (response.closed) return;
      if (plan.fault === null) next();
      else if (plan.afterwards) {
        failAtTheEnd(request, response, plan.fault);
        next();
      } else fail(request, response, plan.fault);
    };
    if (plan.latencyMs > 0) setTimeout(go, plan.latencyMs).unref();
    else go();
  };
}

/** Lets the request be carried out, and puts the fault in place of its answer. */
function failAtTheEnd(request: Request, response: Response, fault: Fault): void {
  const { end } = response;
  response.end = () => {
    response.end = end;
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    fail(request, response, fault);
    return response;
  };
}

function fail(request: Request, response: Response, fault: Fault): void {
  switch (fault) {
    case 'error':
      response.status(500).type('html').send('<h1>Oops</h1><p>The software of this forum has failed.</p>');
      break;
    case 'reset':
      request.socket.resetAndDestroy();
      break;
    case 'hang':
      // Nothing more happens until the caller gives up.
      request.resume();
  }
}
