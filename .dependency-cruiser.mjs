/**
 * Who may import whom: the table of ARCHITECTURE.md. Each row says all that a folder may import; anything else is an error.
 * `npx depcruise src workflows activities`, and test/tooling/import-table.spec.ts, hold it.
 */
const nodeBuiltIn = '^(node:)?[a-z_0-9]+(/promises)?$';
const packages = (...names) => names.map((name) => `^node_modules/${name}/`);
const anyPackageBut = (name) => `^node_modules/(?!${name}/)`;

/** [folder, what it may import, what it may import as types only, exceptions of the folder] */
const table = [
  { from: '^src/dag/', may: ['^src/dag/', ...packages('@marcbachmann/cel-js', 're2js')] },
  { from: '^src/time/', may: ['^src/time/', ...packages('temporal-polyfill')] },
  {
    from: '^src/spec/',
    may: [
      '^src/(spec|dag)/',
      ...packages('yaml', 'class-validator', 'class-transformer', 'class-validator-jsonschema', 'reflect-metadata'),
    ],
  },
  { from: '^src/objects/', may: ['^src/(objects|dag)/', nodeBuiltIn] },
  {
    from: '^src/config/',
    may: ['^src/(config|dag)/', '^workflows/contract\\.ts$', nodeBuiltIn, ...packages('@temporalio/envconfig')],
    types: packages('@temporalio/client'),
  },
  {
    // The calls are a contract: their one constant is shared. Everything else of the activities is a type to the workflows.
    from: '^workflows/',
    may: [
      '^workflows/',
      '^src/dag/',
      '^activities/(task-call|system-calls)\\.ts$',
      ...packages('@temporalio/(workflow|common)'),
    ],
    types: ['^activities/'],
  },
  {
    from: '^activities/',
    may: [
      '^activities/',
      '^src/(dag|objects)/',
      nodeBuiltIn,
      ...packages('@temporalio/(activity|common)'),
      anyPackageBut('@temporalio'),
    ],
    types: ['^workflows/contract\\.ts$'],
  },
  {
    from: '^src/temporal/',
    may: ['^src/(temporal|dag|time|objects|config)/', '^workflows/contract\\.ts$', nodeBuiltIn, '^node_modules/'],
    types: ['^workflows/', '^activities/'],
    // The one place where activities meet a worker.
    except: '^src/temporal/worker',
  },
  {
    from: '^src/temporal/worker',
    may: [
      '^src/(temporal|dag|time|objects|config)/',
      '^workflows/contract\\.ts$',
      '^activities/',
      nodeBuiltIn,
      '^node_modules/',
    ],
  },
  {
    from: '^src/api/',
    may: [
      '^src/(api|dag|spec|time|temporal|objects|config)/',
      '^workflows/contract\\.ts$',
      nodeBuiltIn,
      anyPackageBut('@temporalio'),
    ],
  },
];

const name = ({ from }) => from.replace(/[^\w/]/g, '');
const rule = (row, title, to) => ({
  name: `${name(row)} ${title}`,
  severity: 'error',
  from: { path: row.from, ...(row.except && { pathNot: row.except }) },
  to,
});

export default {
  forbidden: [
    ...table.map((row) => rule(row, 'imports only what its row names', { pathNot: [...row.may, ...(row.types ?? [])] })),
    ...table
      .filter((row) => row.types)
      .map((row) => rule(row, 'imports types only', { path: row.types, pathNot: row.may, dependencyTypesNot: ['type-only'] })),
    { name: 'no circles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'everything resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: 'specify',
    preserveSymlinks: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
};
