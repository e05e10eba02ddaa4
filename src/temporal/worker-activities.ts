import { createBackfillActivities } from '../../activities/backfill-activities.js';
import type { BackfillPort } from '../../activities/backfill-calls.js';
import { Connections } from '../../activities/connections.js';
import { type Activities, createActivities } from '../../activities/create-activities.js';
import { loadModules } from '../../activities/load-modules.js';
import { createPlaceActivities } from '../../activities/place-activities.js';
import type { PlacePort } from '../../activities/place-calls.js';
import { Secrets } from '../../activities/secrets.js';
import type { TemporalPort } from '../../activities/system-calls.js';
import type { BatonConfig } from '../config/config.js';
import type { ObjectStore } from '../objects/object-store.js';

/** Task types that are on without being named. */
const ALWAYS_ON = ['http', 'sql'] as const;

/** The activities of this process, as its configuration wants them. @throws ActivityModuleError for a module that does not load. */
export async function workerActivities(
  config: BatonConfig,
  objects: ObjectStore,
  ports: { readonly temporal: TemporalPort; readonly places: PlacePort; readonly backfills: BackfillPort },
  identity: string,
): Promise<Activities> {
  const { secrets, http, connections } = config;
  const { temporal, places, backfills } = ports;
  const activities = createActivities({
    objects,
    temporal,
    worker: identity,
    secrets: new Secrets((variable) => secrets.values.get(variable.replace(/^BATON_SECRET_/, '')), secrets.dir),
    enabledTaskTypes: [...ALWAYS_ON, ...config.enabledTaskTypes],
    userActivities: await loadModules(config.activityModules),
    http: { ...(http.allowHosts.length > 0 ? { onlyHosts: http.allowHosts } : {}), allowPrivateHosts: http.allowPrivate },
    python: {
      program: config.python.program,
      environment: config.python.env,
      environmentsFolder: config.python.environmentsDir,
      keepEnvironmentsMs: config.python.keepMs,
      dataFolder: config.dataDir,
    },
    sql: {
      dataFolders: [config.dataDir],
      connections: new Connections(connections.values, connections.dir),
      connectionsPerDatabase: connections.perDatabase,
    },
  });
  return { ...activities, ...createPlaceActivities({ objects, places }), ...createBackfillActivities(backfills) };
}
