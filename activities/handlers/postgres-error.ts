import { TaskError } from '../task-error.js';

/** What the driver throws: an error of the server has a severity and an SQLSTATE in `code`, one of the network a name of Node's. */
interface DriverError extends Error {
  readonly code?: string;
  readonly severity?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: string;
  readonly constraint?: string;
}

/** Classes of SQLSTATE that do not get better by trying again: input, constraints, authorization, names, syntax. */
const FINAL: ReadonlySet<string> = new Set(['0A', '0L', '0P', '21', '22', '23', '25', '28', '2F', '3D', '3F', '42', '44']);
/** The connection, or the server as a whole, and not the statement. */
const CONNECTION: ReadonlySet<string> = new Set(['08', '28', '3D']);
const SERVER_STOPS: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03', '57P05', '53300']);

/** An error of PostgreSQL or of the way to it, named: `SqlError` with its SQLSTATE, or `SqlConnectionError`. No address and no password is in it. */
export function postgresError(error: unknown, connection: string, phase: 'connect' | 'run'): unknown {
  if (error instanceof TaskError || !(error instanceof Error)) return error;
  const { code, severity, message } = error as DriverError;
  if (severity === undefined || code === undefined) return unreachable(error as DriverError, connection, phase);
  const sqlClass = code.slice(0, 2);
  const retryable = !FINAL.has(sqlClass);
  if (SERVER_STOPS.has(code) || (phase === 'connect' && CONNECTION.has(sqlClass)))
    return new TaskError('SqlConnectionError', `connection ${connection}: ${message} (SQLSTATE ${code})`, {
      details: { sqlState: code },
      retryable,
    });
  return serverError(error as DriverError, code, retryable);
}

function unreachable({ code, message }: DriverError, connection: string, phase: 'connect' | 'run'): TaskError {
  const why = code ?? message;
  const what =
    phase === 'connect' ? 'cannot be opened' : 'broke while the task ran; nobody knows how far its last statement came';
  return new TaskError('SqlConnectionError', `connection ${connection} ${what} (${why})`, { details: { code: code ?? null } });
}

function serverError(error: DriverError, code: string, retryable: boolean): TaskError {
  const { message, detail, hint, position, constraint } = error;
  const several = message.startsWith('cannot insert multiple commands into a prepared statement');
  const more = [
    detail,
    hint,
    several ? 'with parameters each statement is an element of its own in the list `query`' : undefined,
  ].filter((part) => part !== undefined);
  return new TaskError('SqlError', [`${message} (SQLSTATE ${code})`, ...more].join('; '), {
    details: {
      sqlState: code,
      ...(position === undefined ? {} : { position: Number(position) }),
      ...(constraint === undefined ? {} : { constraint }),
    },
    retryable,
  });
}
