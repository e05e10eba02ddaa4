/**
 * The parts of the core that every run needs. They are pure, and so evaluated once per thread and not once per run, of whose start
 * they were a third: the bundle names this file as one to be loaded ahead, and the SDK freezes what it exports.
 */
import '../src/dag/expression/index.js';
import '../src/dag/json-schema.js';
import '../src/dag/kept-states.js';
import '../src/dag/map/map-walk.js';
import '../src/dag/walk.js';
