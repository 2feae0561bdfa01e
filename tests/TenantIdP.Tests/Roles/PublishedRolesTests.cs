using TenantIdP.Core.Roles;
using Xunit;

namespace TenantIdP.Tests.Roles;

/// <summary>docs/roles.md is a promise to integrators.</summary>
public sealed class PublishedRolesTests
{
    private const string Has = "yes";

    [Fact]
    public void The_document_lists_exactly_the_built_in_roles_and_their_permissions()
    {
        var rows = File.ReadLines(Document()).Where(line => line.StartsWith('|')).Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries)).ToList();
        var roles = rows[0][1..].Select(cell => cell.Trim('`')).ToList();
        var permissions = rows[2..].ToDictionary(row => row[0].Trim('`'), row => row[1..]); // after the head and its line

        Assert.Equal(BuiltInRoles.All.Select(role => role.Key), roles);
        Assert.Equal(BuiltInRoles.All.SelectMany(role => role.Permissions).Distinct().Order(StringComparer.Ordinal), permissions.Keys);
        Assert.All(permissions.Values.SelectMany(cells => cells), cell => Assert.True(cell is Has or "", $"A cell says '{cell}'."));
        Assert.All(BuiltInRoles.All.Index(), role => Assert.Equal(role.Item.Permissions, permissions.Where(row => row.Value[role.Index] == Has).Select(row => row.Key)));
    }

    private static string Document()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "TenantIdP.sln"))) folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside the repository.");
        return Path.Combine(folder.FullName, "docs", "roles.md");
    }
}
