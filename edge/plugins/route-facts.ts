/** What plugins may know of the matched route. */
export interface RouteFacts {
  readonly id: string;
  readonly name: string | undefined;
  readonly serviceId: string | undefined;
  readonly serviceName: string | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
}
