/** The same object, but for what `own` has in its place. Methods of the object keep their `this`. */
export function overriding<T extends object>(target: T, own: Partial<T>): T {
  return new Proxy(target, {
    get: (_target, name) => {
      const from: object = name in own ? own : target
      const value: unknown = Reflect.get(from, name)
      return typeof value === 'function' ? (value.bind(from) as unknown) : value
    },
  })
}
