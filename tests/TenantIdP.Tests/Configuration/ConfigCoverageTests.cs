using System.Text.Json;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Configuration;
using TenantIdP.Server.Management;
using Xunit;

namespace TenantIdP.Tests.Configuration;

/// <summary>What the API can set, a file can set, unless it says here why not.</summary>
public sealed class ConfigCoverageTests
{
    private static readonly (string Section, string Prefix, Type[] Requests, Dictionary<string, string> LeftOut)[] Kinds =
    [
        ("apis", "", [typeof(CreateApiRequest), typeof(ApiChanges)], new() { ["identifier"] = "the key" }),
        ("roles", "", [typeof(CreateRoleRequest), typeof(RoleChanges)], new() { ["key"] = "the key" }),
        ("apps", "", [typeof(CreateAppRequest), typeof(AppChanges)], new() { ["displayName"] = "the key" }),
        ("organizations", "", [typeof(CreateOrganizationRequest), typeof(OrganizationChanges)], new() { ["slug"] = "the key", ["ownerUserId"] = "people are no configuration", ["owner"] = "people are no configuration", ["domains"] = "a section of its own" }),
        ("domains", "", [typeof(ClaimDomainRequest), typeof(DomainChanges), typeof(VerifyDomainByOperatorRequest)], new() { ["host"] = "the key" }),
        ("connections", "", [typeof(CreateConnectionRequest), typeof(ConnectionChangesRequest), typeof(ActivateConnectionRequest)], new() { ["displayName"] = "the key" }),
        ("directories", "", [typeof(CreateDirectoryRequest), typeof(DirectoryChanges)], new() { ["displayName"] = "the key", ["status"] = "called state, as everywhere in a file", ["tokenExpiresAt"] = "tokens are in no file" }),
        ("connections", "saml.", [typeof(SamlConnectionBody)], new()
        {
            ["metadataXml"] = "read once, and kept as what it says", ["metadataEntityId"] = "chooses from metadata that is read once",
        }),
    ];

    public static TheoryData<int> Rows => [.. Enumerable.Range(0, Kinds.Length)];

    [Theory, MemberData(nameof(Rows))]
    public void Every_property_that_the_API_can_set_is_in_the_document_or_left_out_for_a_reason(int row)
    {
        var (section, prefix, requests, leftOut) = Kinds[row];
        var settable = requests.SelectMany(r => r.GetProperties()).Select(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name)).Distinct().ToList();

        Assert.NotEmpty(settable);
        Assert.Empty(settable.Where(name => !leftOut.ContainsKey(name) && !ConfigFormat.Properties[section].Contains(prefix + name)).Order());
        Assert.Empty(leftOut.Keys.Where(name => !settable.Contains(name) || ConfigFormat.Properties[section].Contains(prefix + name)).Order());
    }

    [Fact]
    public void Every_property_of_the_document_is_described()
    {
        var page = File.ReadAllText(Path.Combine(House.SourceTree.Root, "docs", "config-as-code.md"));

        Assert.Empty(ConfigFormat.Properties.SelectMany(s => s.Value).Select(path => path.Split('.')[^1]).Distinct().Where(name => !page.Contains($"`{name}`", StringComparison.Ordinal)).Order());
        Assert.Empty(ConfigFormat.Properties.Keys.Where(section => !page.Contains($"`{section}`", StringComparison.Ordinal)).Order());
    }
}
