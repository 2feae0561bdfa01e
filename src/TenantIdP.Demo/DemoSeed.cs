namespace TenantIdP.Demo;

/// <summary>The ids that seeding made or found, by organization slug.</summary>
/// <param name="WebhookSecret">Signs what the sample application is sent; another one at each start, because it is shown once.</param>
public sealed record DemoSeed(IReadOnlyDictionary<string, string> OrganizationIds, IReadOnlyDictionary<string, string> ConnectionIds, string WebhookSecret);
