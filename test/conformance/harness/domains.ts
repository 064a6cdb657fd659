/** Rows that bring domains into being, each with a home that it may read and a directory `data` of its own in it. */
export const DOMAIN_6 = `
  xen  -  domain 6      OK
`
export const DOMAIN_7 = `
  xen  -  domain 7      OK
`

/** Domain 7 is a stubdomain that works for domain 6. */
export const STUBDOMAIN = `
  ${DOMAIN_6}
  ${DOMAIN_7}
  0    -  target 7 6    OK
`
