using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>Who becomes a member by signing in through a connection, by its mode.</summary>
public abstract class JitModeTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Scene(Organization Organization, string Host, Connection Connection);

    private async Task<Scene> NewSceneAsync(TestUpstream upstream, JitMode mode)
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        return new Scene(organization, await idp.VerifyDomainAsync(organization, Ct), await idp.ConnectAsync(organization, upstream, Ct, c => c with { Jit = mode, AllowOutsideDomains = true }));
    }

    private async Task<Error?> SignInAsync(Scene scene, string subject, string email, bool verified = true) => (await idp.TryAsync<SignInService, FederationOutcome>(s => s.FederateAsync(
        scene.Connection.Id, new ExternalIdentity(scene.Connection.Issuer, subject, EmailAddress.Parse(email), verified, PersonName.None, []), new BrowserContext(null, "a test"), Ct))).Error;

    private Task InviteAsync(Scene scene, string email) => idp.UseAsync<InvitationService, InvitationResult>(
        s => s.CreateAsync(scene.Organization.Id, new NewInvitation(email, [BuiltInRoles.Guest]), Granter.Instance, Ct), scene.Organization.Id);

    private Task<List<(RoleSource, string)>> RolesAsync(Scene scene) => idp.ReadAsync(async db =>
    {
        db.EnterOrganization(scene.Organization.Id);
        var held = await (from r in db.MembershipRoles join role in db.Roles on new { A = r.RoleOrganizationId, B = r.RoleId } equals new { A = role.OrganizationId, B = role.Id } select new { r.Source, role.Key }).ToListAsync(Ct);
        return held.Select(r => (r.Source, r.Key)).ToList();
    });

    [Theory, InlineData(JitMode.Off), InlineData(JitMode.InvitedOnly), InlineData(JitMode.ProvisionedOnly)]
    public async Task Nobody_joins_who_is_not_expected_and_nothing_is_left_of_the_try(JitMode mode)
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (scene, elsewhere) = (await NewSceneAsync(upstream, mode), await NewSceneAsync(upstream, mode));
        await InviteAsync(elsewhere, $"jane@{scene.Host}"); // another organization's is no invitation to this one
        await InviteAsync(scene, "unverified@elsewhere.example"); // nor is one whose address is only said

        Assert.Equal(SignInErrors.JitDisabled, await SignInAsync(scene, "jane", $"jane@{scene.Host}"));
        Assert.Equal(SignInErrors.JitDisabled, await SignInAsync(scene, "unverified", "unverified@elsewhere.example", verified: false));

        Assert.Empty(await RolesAsync(scene));
        Assert.False(await idp.ReadAsync(db => db.UserEmails.AnyAsync(e => e.Normalized == $"jane@{scene.Host}", Ct)));
    }

    [Theory, InlineData(JitMode.InvitedOnly), InlineData(JitMode.On), InlineData(JitMode.Off), InlineData(JitMode.ProvisionedOnly)]
    public async Task Who_is_invited_joins_with_the_roles_of_the_invitation_once(JitMode mode)
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await NewSceneAsync(upstream, mode);
        await InviteAsync(scene, $"jane@{scene.Host}");

        Assert.Null(await SignInAsync(scene, "jane", $"Jane@{scene.Host}"));
        Assert.Null(await SignInAsync(scene, "jane", $"Jane@{scene.Host}"));

        Assert.Equal([(RoleSource.Invitation, BuiltInRoles.Guest)], await RolesAsync(scene));
    }

    [Theory, InlineData(JitMode.Off), InlineData(JitMode.InvitedOnly), InlineData(JitMode.ProvisionedOnly)]
    public async Task A_member_comes_in_by_any_mode(JitMode mode)
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await NewSceneAsync(upstream, mode);
        await idp.AddMemberAsync(scene.Organization, await idp.CreateUserAsync($"jane@{scene.Host}", Ct), Ct);

        Assert.Null(await SignInAsync(scene, "jane", $"jane@{scene.Host}"));
    }
}

[Collection(SqliteHost.Name)]
public sealed class JitModesOnSqlite(SqliteIdp idp) : JitModeTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class JitModesOnPostgreSql(PostgreSqlIdp idp) : JitModeTests(idp);
