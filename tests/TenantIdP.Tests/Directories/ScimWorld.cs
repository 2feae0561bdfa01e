using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>An organization with a verified domain and a directory, and the identity provider that fills it.</summary>
internal sealed record ScimWorld(IdpHost Host, Organization Organization, string Domain, MadeDirectory Directory)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ScimClient Scim => Host.ScimOf(Directory);

    public static async Task<ScimWorld> NewAsync(IdpHost host, Func<DirectorySettings, DirectorySettings>? change = null, User? owner = null)
    {
        var organization = await host.CreateOrganizationAsync(Ct, owner?.Id);
        return new ScimWorld(host, organization, await host.VerifyDomainAsync(organization, Ct), await host.CreateDirectoryAsync(organization, Ct, change));
    }

    public string Address(string local) => $"{local}@{Domain}";

    /// <param name="more">Members of the object besides userName, externalId and emails.</param>
    public string User(string local, string? more = null, string? email = null, string? externalId = null) =>
        $$"""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{{Address(local)}}","externalId":"{{externalId ?? "ext-" + local}}",
         "emails":[{"value":"{{email ?? Address(local)}}","type":"work","primary":true}]{{(more is null ? "" : "," + more)}}}
        """;

    public static string Patch(params string[] operations) => $$"""{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{{string.Join(',', operations)}}]}""";

    public async Task<ScimReply> CreateAsync(string local, string? more = null)
    {
        var made = await Scim.PostAsync("/Users", User(local, more), Ct);
        Assert.True(made.Status == System.Net.HttpStatusCode.Created, $"{made.Status} {made.Detail}");
        return made;
    }

    public Task<ScimReply> FilterAsync(string filter, string rest = "") => Scim.GetAsync($"/Users?filter={Uri.EscapeDataString(filter)}{rest}", Ct);

    /// <summary>The rows behind a user of the directory.</summary>
    public async Task<(DirectoryUser Row, Membership Membership, User User)> RowsAsync(string id) => await Host.ReadAsync(async db =>
    {
        db.EnterOrganization(Organization.Id);
        var row = (await db.DirectoryUsers.AsNoTracking().Include(u => u.Emails).Where(u => u.DirectoryId == Directory.Directory.Id).ToListAsync(Ct)).Single(u => u.Id.ToString() == id);
        var membership = await db.Memberships.AsNoTracking().Include(m => m.Roles).SingleAsync(m => m.Id == row.MembershipId, Ct);
        return (row, membership, await db.Users.AsNoTracking().Include(u => u.Emails).SingleAsync(u => u.Id == membership.UserId, Ct));
    });

    public async Task<IReadOnlyList<string>> RolesAsync(string id) => await Host.ReadAsync(async db =>
    {
        db.EnterOrganization(Organization.Id);
        var membership = (await RowsAsync(id)).Membership;
        var held = membership.Roles.Select(r => r.RoleId).ToList();
        return (IReadOnlyList<string>)await db.Roles.Where(r => held.Contains(r.Id)).Select(r => r.Key).Order().ToListAsync(Ct);
    });

    public async Task<IReadOnlyList<string>> EventsAsync() => await Host.ReadAsync(async db =>
    {
        db.EnterOrganization(Organization.Id);
        return (IReadOnlyList<string>)await db.Events.Where(e => e.OrganizationId == Organization.Id).OrderBy(e => e.Id).Select(e => e.Type).ToListAsync(Ct);
    });
}
