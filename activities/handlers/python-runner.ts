/**
 * What Python is given to run (3.8 or newer). On standard input comes `{script, file, function, args}` as JSON; the function is called, and its result goes as JSON to file
 * descriptor 3: `{output}` or `{error: {type, message, final}}`. What the script prints stays its own; tracebacks go to standard error, without the frames of this runner.
 */
export const PYTHON_RUNNER = `
import inspect, json, linecache, os, sys, traceback, types

class Refused(Exception):
    pass

def load(order):
    path = order.get("file")
    if path is None:
        path, source = "<script>", order["script"]
        linecache.cache[path] = (len(source), None, source.splitlines(True), path)
        sys.path[0] = os.getcwd()
    else:
        with open(path, "rb") as opened:
            source = opened.read()
        sys.path[0] = os.path.dirname(path)
    module = types.ModuleType("baton_task")
    module.__file__ = path
    sys.modules["baton_task"] = module
    exec(compile(source, path, "exec"), module.__dict__)
    return module

def call(module, order):
    name = order["function"]
    function = getattr(module, name, None)
    if not callable(function):
        raise Refused("PythonFunctionMissing", "the script defines no function %s; write def %s(...): and return the output" % (name, name))
    args = order["args"]
    try:
        inspect.signature(function).bind(*args) if isinstance(args, list) else inspect.signature(function).bind(**args)
    except TypeError as error:
        raise Refused("PythonArgumentsMismatch", "with.args does not fit %s: %s" % (name, error))
    result = function(*args) if isinstance(args, list) else function(**args)
    if not inspect.iscoroutine(result):
        return result
    import asyncio
    return asyncio.run(result)

def exact(value):
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2 ** 53 - 1:
        raise Refused("NumberTooLarge", "the output holds %d, which no JSON number can hold exactly; return it as text or float" % value)
    if isinstance(value, dict):
        for item in value.values():
            exact(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            exact(item)

def written(value):
    try:
        text = json.dumps({"output": value}, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused("PythonOutputNotJson", "the returned value is no JSON: %s" % error)
    exact(value)
    return text.encode("utf-8", "replace")

def own(trace):
    while trace is not None and trace.tb_frame.f_code.co_filename == "<string>":
        trace = trace.tb_next
    return trace

def main():
    order = json.loads(sys.stdin.buffer.read())
    channel = os.fdopen(3, "wb")
    os.set_inheritable(3, False)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    loaded = False
    try:
        module = load(order)
        loaded = True
        answer = written(call(module, order))
    except SystemExit as ended:
        if ended.code is not None and ended.code != 0:
            raise
        answer = b'{"output": null}'
    except Refused as refused:
        answer = json.dumps({"error": {"type": refused.args[0], "message": refused.args[1], "final": True}}).encode()
    except BaseException as error:
        traceback.print_exception(type(error), error, own(error.__traceback__))
        try:
            message = str(error)
        except Exception:
            message = ""
        final = isinstance(error, SyntaxError) or (not loaded and isinstance(error, ImportError))
        fields = {"type": type(error).__name__, "message": message or repr(type(error)), "final": final}
        answer = json.dumps({"error": fields}).encode()
    sys.stdout.flush()
    channel.write(answer)
    channel.close()

main()
`;
