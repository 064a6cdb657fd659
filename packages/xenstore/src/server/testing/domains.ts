/** Rows that bring domains into being, each with a home that it may read and a directory of its own in it. */
export const DOMAIN_7 = domain(7)
export const DOMAIN_6 = domain(6)

/** Domain 7 is a stubdomain that works for domain 6. */
export const STUBDOMAIN = `
  ${DOMAIN_6}
  ${DOMAIN_7}
  0    -  target 7 6                       OK
`

function domain(domid: number): string {
  return `
  xen  -  create ${domid}                           OK
  0    -  mkdir /local/domain/${domid}              OK
  0    -  chmod /local/domain/${domid} n0,r${domid}        OK
  0    -  mkdir /local/domain/${domid}/data         OK
  0    -  chmod /local/domain/${domid}/data n${domid}      OK
  0    -  introduce ${domid}                        OK
`
}
