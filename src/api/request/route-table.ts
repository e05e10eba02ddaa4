import { Injectable } from '@nestjs/common';

/** Knows which methods an address takes, so that a wrong one is a 405 and not a 404. Filled once, from the OpenAPI document. */
@Injectable()
export class RouteTable {
  private routes: readonly { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];

  /** `paths` as in OpenAPI: `/api/v1/dags/{dagId}` -> `{get: …, put: …}`. */
  fill(paths: { readonly [path: string]: object }): void {
    this.routes = Object.entries(paths).map(([path, calls]) => ({
      pattern: new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}/?$`, 'i'),
      methods: Object.keys(calls).map((method) => method.toUpperCase()),
    }));
  }

  /** Methods that some call at this path takes, sorted; none = no such path. HEAD comes with GET. */
  methodsOf(path: string): readonly string[] {
    const methods = this.routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    return [...new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods)].sort();
  }
}
