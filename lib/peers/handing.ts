/** Bridges between this machine and what runs within it: nobody else is on them. */
const WITHIN = /^(docker|br-|veth|virbr|lxcbr|lxdbr|podman|cni|vmnet|vboxnet|bridge\d)/
const HOST = /^net:(.*):\d+~/

/** By name, as Node's `networkInterfaces` gives them. */
type Interfaces = Readonly<
  Record<string, readonly { readonly address: string; readonly internal: boolean }[] | undefined>
>

/**
 * Of the addresses of a node on this machine those worth handing out: not those of bridges to containers and virtual machines, and
 * those of the machine alone only where there are no others.
 */
export function toHandOut(addresses: readonly string[], interfaces: Interfaces): readonly string[] {
  const within = new Set<string>()
  const loopback = new Set<string>()
  for (const [name, found = []] of Object.entries(interfaces)) {
    for (const { address, internal } of found) {
      if (internal) loopback.add(address)
      else if (WITHIN.test(name)) within.add(address)
    }
  }
  const fit = addresses.filter((address) => !within.has(hostOf(address)))
  const others = fit.filter((address) => !loopback.has(hostOf(address)))
  return others.length > 0 ? others : fit
}

const hostOf = (address: string): string => (HOST.exec(address)?.[1] ?? '').replace(/^\[(.*)\]$/, '$1')
