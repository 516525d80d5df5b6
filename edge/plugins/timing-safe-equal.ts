/**
 * Whether two texts are the same. How long it takes depends on the length of `given` alone, which its
 * sender knows, and on nothing of `secret`.
 */
export function timingSafeEqual(given: string, secret: string): boolean {
  let difference = given.length ^ secret.length;
  // An empty secret has nothing to compare with; the lengths have told already.
  const period = secret.length || 1;
  for (let i = 0; i < given.length; i++) {
    difference |= given.charCodeAt(i) ^ secret.charCodeAt(i % period);
  }
  return difference === 0;
}
