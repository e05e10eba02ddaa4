import 'reflect-metadata';
import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { getMetadataStorage, type ValidationError, validateSync } from 'class-validator';
import { type FieldError, Problem } from '../errors/problem.js';

/** Makes DTO instances of bodies and queries; what does not fit is 400 with a pointer or the parameter's name. */
@Injectable()
export class DtoPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const type = metadata.metatype;
    if (!isDto(type) || (metadata.type !== 'query' && metadata.type !== 'custom')) return value;
    return toDto(type, value, metadata.type === 'query' ? 'parameter' : 'pointer');
  }
}

/** A checked instance of `type`; throws the {@link Problem} `invalid_fields` with all faults at once. */
export function toDto<T extends object>(type: Type<T>, value: unknown, place: 'parameter' | 'pointer'): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Problem('invalid_fields', 'The body must be a JSON object.', {
      errors: [{ pointer: '', detail: 'must be an object' }],
    });
  }
  const instance = instanceOf(type, value, place === 'parameter');
  const faults = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false });
  if (faults.length === 0) return instance;
  const errors = faults.flatMap((fault) => fieldErrors(fault, place, '', fieldsOf(type)));
  throw new Problem('invalid_fields', `${errors.map((error) => error.detail).join('; ')}.`, { errors });
}

/**
 * Fields as they are: values below them belong to whoever asked for any JSON, and are never walked or rebuilt here (keys
 * like `__proto__` and `constructor` break libraries that do). Numbers of queries come as text.
 */
function instanceOf<T extends object>(type: Type<T>, value: object, isQuery: boolean): T {
  const instance = new type();
  for (const [name, field] of Object.entries(value)) {
    const isNumber =
      isQuery && typeof field === 'string' && Reflect.getMetadata('design:type', type.prototype, name) === Number;
    const read = isNumber ? (field.trim() === '' ? Number.NaN : Number(field)) : field;
    Object.defineProperty(instance, name, { value: read, enumerable: true, writable: true, configurable: true });
  }
  return instance;
}

/** Rules of class-validator about the type of a value. */
const TYPE_RULES: ReadonlySet<string> = new Set(['isString', 'isInt', 'isBoolean', 'isObject', 'isArray', 'isIn']);

function fieldErrors(
  fault: ValidationError,
  place: 'parameter' | 'pointer',
  parent: string,
  known: readonly string[] = [],
): FieldError[] {
  const pointer = `${parent}/${fault.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const where = place === 'pointer' ? { pointer } : { parameter: fault.property };
  const broken = Object.entries(fault.constraints ?? {});
  // One fault a field: that a value is no text says more than that it is not longer than 40 characters.
  const first = broken.find(([rule]) => TYPE_RULES.has(rule)) ?? broken[0];
  const own = (first === undefined ? [] : [first]).map(([rule, text]) => ({
    ...where,
    detail: rule === 'whitelistValidation' ? unknownField(fault.property, known) : text,
  }));
  return [...own, ...(fault.children ?? []).flatMap((child) => fieldErrors(child, place, pointer))];
}

function unknownField(name: string, known: readonly string[]): string {
  return `${name.slice(0, 60)} is not a field that this call knows${known.length === 0 ? '' : `; it knows ${known.join(', ')}`}`;
}

function fieldsOf(type: Type<object>): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))];
}

function isDto(type: ArgumentMetadata['metatype']): type is Type<object> {
  return type !== undefined && ![Object, String, Number, Boolean, Array].includes(type as never);
}
