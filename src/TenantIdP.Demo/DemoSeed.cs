using TenantIdP.Demo.Scim;

namespace TenantIdP.Demo;

/// <summary>The ids that seeding made or found, by organization slug.</summary>
/// <param name="WebhookSecret">Signs what the sample application is sent; another one at each start, because it is shown once.</param>
/// <param name="Directory">Where Acme's directory pushes; its token, too, is another one at each start.</param>
public sealed record DemoSeed(IReadOnlyDictionary<string, string> OrganizationIds, IReadOnlyDictionary<string, string> ConnectionIds, string WebhookSecret, ScimAccess Directory);
