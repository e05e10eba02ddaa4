import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load-config.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Service {
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly command?: readonly string[];
  readonly healthcheck?: unknown;
}

// Compose merges `<<` as YAML 1.1 does.
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(compose.services);

describe('docker-compose.yml', () => {
  it('waits only for services that exist, and for health only where there is a check', () => {
    for (const [name, service] of services) {
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(compose.services, `${name} waits for ${other}`).toHaveProperty(other);
        expect(['service_healthy', 'service_completed_successfully']).toContain(condition);
        if (condition === 'service_healthy') expect(compose.services[other], other).toHaveProperty('healthcheck');
      }
    }
  });

  it('mounts only volumes that are declared and files that exist', () => {
    for (const [name, { volumes = [] }] of services) {
      for (const volume of volumes) {
        const source = volume.split(':')[0]!;
        if (source.startsWith('.')) expect(existsSync(join(root, source)), `${name}: ${source}`).toBe(true);
        else expect(compose.volumes, `${name}: ${source}`).toHaveProperty(source);
      }
    }
  });

  it('publishes nothing beyond loopback, and neither Temporal nor PostgreSQL at all', () => {
    for (const [name, { ports = [] }] of services) {
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/);
    }
    expect(compose.services.temporal).not.toHaveProperty('ports');
    expect(compose.services.postgres).not.toHaveProperty('ports');
  });

  it('pins every image', () => {
    for (const [name, { image }] of services) expect(image, name).toMatch(/:(?!latest$)[\w.-]+$/);
  });

  it.each(['api', 'worker'])('gives %s settings that the service takes', (name) => {
    const environment = compose.services[name]!.environment!;
    const config = loadConfig({ ...environment, BATON_HOME: '/var/lib/baton' });
    expect(config).toMatchObject({
      role: name,
      objects: { shared: true },
      temporal: { address: 'temporal:7233', namespace: 'baton' },
    });
  });

  it('starts what the build makes', () => {
    const started = [
      ...read('docker-compose.yml').matchAll(/dist\/(src\/\w+)\.js/g),
      ...read('Dockerfile').matchAll(/dist\/(src\/\w+)\.js/g),
    ];
    for (const [, source] of started) expect(existsSync(join(root, `${source}.ts`)), source).toBe(true);
  });

  it('sets up both schemas and the namespace before anything of ours starts', () => {
    expect(compose.services.temporal!.depends_on).toHaveProperty('temporal-schema');
    expect(compose.services.api!.depends_on).toHaveProperty('temporal-namespace');
    expect(compose.services.worker!.depends_on).toHaveProperty('temporal-namespace');
  });

  it.skipIf(!hasCompose())('is accepted by docker compose', () => {
    execFileSync('docker', ['compose', 'config', '--quiet'], { cwd: root, env: { ...process.env, POSTGRES_PASSWORD: 'test' } });
  });
});

function hasCompose(): boolean {
  try {
    execFileSync('docker', ['compose', 'version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
