using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>The door of a directory: who is let in, and what everybody else is told.</summary>
public abstract class ScimAccessTests(IdpHost idp)
{
    private const string Discovery = "/ServiceProviderConfig";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_token_of_a_directory_opens_it_and_its_use_is_noted()
    {
        var made = await DirectoryAsync();

        var answer = await idp.ScimOf(made).GetAsync(Discovery, Ct);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        var (directory, token) = await RowsAsync(made);
        Assert.NotNull(directory.LastSeenAt);
        Assert.NotNull(token.LastUsedAt);
        Assert.Equal(made.Directory.Version, directory.Version); // seen is not changed
    }

    [Fact]
    [Trait("Attack", "E1")]
    public async Task With_the_token_of_another_directory_nothing_is_there()
    {
        var (ours, theirs) = (await DirectoryAsync(), await DirectoryAsync());
        var sibling = await idp.CreateDirectoryAsync(await OrganizationOfAsync(ours), Ct);
        var absent = new ScimClient(idp.Http, $"{idp.Issuer}/scim/v2/{Id<OrganizationDirectory>.New(DateTimeOffset.UnixEpoch)}", ours.Token.Secret);

        ScimReply[] answers =
        [
            await idp.ScimOf(theirs, ours.Token.Secret).GetAsync(Discovery, Ct), await idp.ScimOf(sibling, ours.Token.Secret).GetAsync(Discovery, Ct), await absent.GetAsync(Discovery, Ct),
        ];

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.NotFound, a.Status));
        Assert.Single(answers.Select(a => a.Detail).Distinct());
    }

    [Fact]
    [Trait("Attack", "E4")]
    public async Task An_id_of_another_kind_is_no_directory()
    {
        var made = await DirectoryAsync();
        // The same 26 characters behind the prefix of a connection, the organization's own id, and the directory's in another case.
        foreach (var id in new[] { "con_" + made.Directory.Id.ToString()[4..], made.Directory.OrganizationId.ToString(), made.Directory.Id.Value.ToString(), "DIR_" + made.Directory.Id.ToString()[4..] })
        {
            var answer = await new ScimClient(idp.Http, $"{idp.Issuer}/scim/v2/{id}", made.Token.Secret).GetAsync(Discovery, Ct);
            Assert.Equal(HttpStatusCode.NotFound, answer.Status);
        }
    }

    [Fact]
    public async Task Without_a_token_that_is_good_every_address_is_answered_alike()
    {
        var made = await DirectoryAsync();
        var absent = new MadeDirectory(made.Directory, made.Token);
        var invented = DirectorySecret.New(Id<DirectoryToken>.New(DateTimeOffset.UnixEpoch));
        var sameBeginning = DirectorySecret.New(made.Token.Token.Id);
        foreach (var token in new[] { invented, sameBeginning, made.Token.Secret[..^1] + (made.Token.Secret[^1] == 'a' ? 'b' : 'a'), made.Token.Secret + "x", "tidp_scim_", "x", "a.b.c" })
        {
            var (there, nowhere) = (await idp.ScimOf(absent, token).GetAsync(Discovery, Ct), await new ScimClient(idp.Http, $"{idp.Issuer}/scim/v2/dir_0", token).GetAsync(Discovery, Ct));
            Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (there.Status, nowhere.Status));
            Assert.Equal(there.Body.GetRawText(), nowhere.Body.GetRawText());
            Assert.Contains("invalid_token", there.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        }

        var bare = await new ScimClient(idp.Http, $"{idp.Issuer}/scim/v2/{made.Directory.Id}", null).GetAsync(Discovery, Ct);
        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer"), (bare.Status, bare.Headers.WwwAuthenticate.ToString()));
    }

    [Fact]
    public async Task A_token_that_was_revoked_or_has_ended_opens_nothing()
    {
        var made = await DirectoryAsync();
        var (organization, directory) = (made.Directory.OrganizationId, made.Directory.Id);
        var next = await idp.UseAsync<DirectoryTokens, MadeDirectoryToken>(s => s.RotateAsync(organization, directory, made.Token.Token.Id, 0, null, Ct), organization);

        Assert.Equal(HttpStatusCode.Unauthorized, (await idp.ScimOf(made).GetAsync(Discovery, Ct)).Status);
        Assert.Equal(HttpStatusCode.OK, (await idp.ScimOf(made, next.Secret).GetAsync(Discovery, Ct)).Status);

        await idp.InScopeAsync<DirectoryTokens, Result>(s => s.RevokeAsync(organization, directory, next.Token.Id, Ct), organization);
        Assert.Equal(HttpStatusCode.Unauthorized, (await idp.ScimOf(made, next.Secret).GetAsync(Discovery, Ct)).Status);
    }

    [Fact]
    public async Task A_disabled_directory_and_one_of_a_suspended_organization_refuse()
    {
        var made = await DirectoryAsync();
        var (organization, directory) = (made.Directory.OrganizationId, made.Directory.Id);
        await SetStatusAsync(organization, directory, DirectoryStatus.Disabled);

        var disabled = await idp.ScimOf(made).GetAsync(Discovery, Ct);
        Assert.Equal(HttpStatusCode.Forbidden, disabled.Status);
        Assert.Contains("disabled", disabled.Detail, StringComparison.Ordinal);

        await SetStatusAsync(organization, directory, DirectoryStatus.Active);
        Assert.Equal(HttpStatusCode.OK, (await idp.ScimOf(made).GetAsync(Discovery, Ct)).Status);
        await idp.UseAsync<OrganizationService, Organization>(s => s.SuspendAsync(organization, Ct));
        var suspended = await idp.ScimOf(made).GetAsync(Discovery, Ct);
        Assert.Equal(HttpStatusCode.Forbidden, suspended.Status);
        Assert.Contains("suspended", suspended.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whatever_refuses_answers_as_the_protocol_says()
    {
        var made = await DirectoryAsync();
        var scim = idp.ScimOf(made);

        Assert.Equal(HttpStatusCode.NotImplemented, (await scim.GetAsync("/Me", Ct)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await scim.GetAsync("/Nothing", Ct)).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await scim.DeleteAsync("/Schemas", Ct)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await scim.GetAsync("/Schemas/urn:nobody", Ct)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await scim.GetAsync("/ResourceTypes/Device", Ct)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await scim.GetAsync("/Schemas?filter=id%20pr", Ct)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await scim.GetAsync("/Schemas/%00", Ct)).Status);
    }

    [Fact]
    public async Task Discovery_says_what_there_is_each_also_by_its_id()
    {
        var made = await DirectoryAsync();
        var scim = idp.ScimOf(made);

        var config = (await scim.GetAsync(Discovery, Ct)).Body;
        Assert.All(["patch", "bulk", "filter", "sort", "etag"], name => Assert.True(config.GetProperty(name).GetProperty("supported").GetBoolean(), name));
        Assert.False(config.GetProperty("changePassword").GetProperty("supported").GetBoolean());
        Assert.True(config.GetProperty("pagination").GetProperty("cursor").GetBoolean());
        Assert.Equal(["oauthbearertoken", "oauth2"], config.GetProperty("authenticationSchemes").EnumerateArray().Select(s => s.GetProperty("type").GetString()));
        Assert.Equal(scim.BaseAddress + Discovery, config.GetProperty("meta").GetProperty("location").GetString());
        foreach (var list in new[] { "/ResourceTypes", "/Schemas" })
        {
            var all = await scim.GetAsync(list, Ct);
            Assert.Equal(all.TotalResults, all.Body.GetProperty("Resources").GetArrayLength());
            foreach (var one in all.Body.GetProperty("Resources").EnumerateArray())
            {
                var alone = await scim.GetAsync($"{list}/{one.GetProperty("id").GetString()}", Ct);
                Assert.Equal(one.GetRawText(), alone.Body.GetRawText());
                Assert.StartsWith(scim.BaseAddress, one.GetProperty("meta").GetProperty("location").GetString(), StringComparison.Ordinal);
            }
        }
    }

    private async Task<MadeDirectory> DirectoryAsync() => await idp.CreateDirectoryAsync(await idp.CreateOrganizationAsync(Ct), Ct);

    private Task<Organization> OrganizationOfAsync(MadeDirectory made) => idp.ReadAsync(db => db.Organizations.SingleAsync(o => o.Id == made.Directory.OrganizationId, Ct));

    private Task<OrganizationDirectory> SetStatusAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, DirectoryStatus status) =>
        idp.UseAsync<DirectoryService, OrganizationDirectory>(s => s.UpdateAsync(organization, directory, new DirectoryChanges { Status = (DirectoryStatus?)status }, Granter.Instance, null, Ct), organization);

    private Task<(OrganizationDirectory Directory, DirectoryToken Token)> RowsAsync(MadeDirectory made) => idp.InScopeAsync<IdpDbContext, (OrganizationDirectory, DirectoryToken)>(
        async db => (await db.Directories.SingleAsync(d => d.Id == made.Directory.Id, Ct), await db.DirectoryTokens.SingleAsync(t => t.Id == made.Token.Token.Id, Ct)), made.Directory.OrganizationId);
}

[Collection(SqliteHost.Name)]
public sealed class ScimAccessOnSqlite(SqliteIdp idp) : ScimAccessTests(idp);

[Collection(PostgreSqlHost.Name), Trait("Store", "PostgreSql")]
public sealed class ScimAccessOnPostgreSql(PostgreSqlIdp idp) : ScimAccessTests(idp);
