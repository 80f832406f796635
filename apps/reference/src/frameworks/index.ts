import type { Site } from '../site.js';
import type { ServedSite } from './served-site.js';

/** What the site can run on. */
export const frameworks = ['express', 'koa', 'nestjs', 'nestjs-fastify'] as const;

export type Framework = (typeof frameworks)[number];

export function isFramework(name: string): name is Framework {
  return frameworks.some((framework) => framework === name);
}

/** Serves the site by a framework; no other one is loaded. */
export async function serveSite(site: Site, framework: Framework): Promise<ServedSite> {
  switch (framework) {
    case 'express': {
      const { expressSite } = await import('./express.js');
      return { listener: expressSite(site), close: async () => {} };
    }
    case 'koa': {
      const { koaSite } = await import('./koa.js');
      return { listener: koaSite(site), close: async () => {} };
    }
    case 'nestjs': {
      const { nestSite } = await import('./nestjs.js');
      const { expressPlatform } = await import('./nestjs-platforms.js');
      return nestSite(site, await expressPlatform());
    }
    case 'nestjs-fastify': {
      const { nestSite } = await import('./nestjs.js');
      const { fastifyPlatform } = await import('./nestjs-platforms.js');
      return nestSite(site, await fastifyPlatform());
    }
  }
}
