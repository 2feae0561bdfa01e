namespace TenantIdP.Demo;

/// <summary>The ids that seeding made or found, by organization slug.</summary>
public sealed record DemoSeed(IReadOnlyDictionary<string, string> OrganizationIds, IReadOnlyDictionary<string, string> ConnectionIds);
