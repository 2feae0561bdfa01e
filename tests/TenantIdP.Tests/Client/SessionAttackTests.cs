using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Organizations;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Client;

/// <summary>Answers and stores that lie. One store is enough: what judges here is the package.</summary>
[Collection(SqliteHost.Name)]
public sealed class SessionAttackTests(SqliteIdp idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_refresh_answered_with_another_persons_tokens_ends_the_session()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var organization = await idp.CreateOrganizationAsync(Ct);
        var (browser, mallory) = (await EnteredAsync(app, organization), await SignedInAsync(organization));
        app.BackChannel.Answer = await IdpHost.TokensAsync(mallory, app.Registration, Ct, ("organization", organization.Id.ToString()));

        var answer = await app.SendAsync(browser, HttpMethod.Post, "/refresh", Ct);

        Assert.Equal("SignedOut", answer.Text);
        Assert.Null((await app.MeAsync(browser, Ct))["user"]);
    }

    [Theory, InlineData("id_token"), InlineData("access_token")]
    public async Task A_refresh_answered_without_a_token_ends_the_session(string missing)
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var organization = await idp.CreateOrganizationAsync(Ct);
        var browser = await EnteredAsync(app, organization);
        var tokens = await IdpHost.TokensAsync(browser, app.Registration, Ct, ("organization", organization.Id.ToString()));
        tokens.Body.Remove(missing);
        app.BackChannel.Answer = tokens;

        Assert.Equal("SignedOut", (await app.SendAsync(browser, HttpMethod.Post, "/refresh", Ct)).Text);
    }

    [Fact]
    public async Task An_id_token_of_a_refresh_is_validated_like_the_first()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var organization = await idp.CreateOrganizationAsync(Ct);
        var browser = await EnteredAsync(app, organization);
        var tokens = await IdpHost.TokensAsync(browser, app.Registration, Ct, ("organization", organization.Id.ToString()));
        var another = await idp.CreateAppAsync(Ct);
        tokens.Body["id_token"] = (await IdpHost.TokensAsync(browser, another, Ct, ("organization", organization.Id.ToString()))).Body["id_token"]!.DeepClone(); // the same person, for another app
        app.BackChannel.Answer = tokens;

        Assert.Equal("SignedOut", (await app.SendAsync(browser, HttpMethod.Post, "/refresh", Ct)).Text);
    }

    [Fact]
    public async Task An_access_token_of_another_api_gives_no_permissions()
    {
        var payroll = $"https://{idp.UniqueHost()}/api";
        await idp.UseAsync<ApiService, Api>(s => s.CreateAsync(new NewApi(payroll, "Payroll") { Permissions = [new("invoices:read", ["member"])] }, Ct)); // of the same name, and not ours
        await using var app = await RelyingApp.StartAsync(idp, Ct, a => a with { Apis = [payroll] });
        var organization = await idp.CreateOrganizationAsync(Ct);
        var browser = await EnteredAsync(app, organization);
        Assert.Equal(HttpStatusCode.OK, (await app.SendAsync(browser, HttpMethod.Get, "/invoices", Ct)).Status);
        app.BackChannel.Answer = await IdpHost.TokensAsync(browser, app.Registration, Ct, ("organization", organization.Id.ToString()), ("resource", payroll));

        Assert.Equal("Switched", (await app.SendAsync(browser, HttpMethod.Post, "/refresh", Ct)).Text);

        Assert.Equal(HttpStatusCode.Forbidden, (await app.SendAsync(browser, HttpMethod.Get, "/invoices", Ct)).Status);
    }

    [Fact]
    public async Task A_switch_answered_for_another_organization_is_none()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (organization, wanted) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        var browser = await EnteredAsync(app, organization);
        app.BackChannel.Answer = await IdpHost.TokensAsync(browser, app.Registration, Ct, ("organization", organization.Id.ToString()));

        Assert.Equal($"Unavailable {organization.Id}", (await app.SendAsync(browser, HttpMethod.Post, $"/switch/{wanted.Id}", Ct)).Text);

        app.BackChannel.Answer = null;
        Assert.Equal("Switched", (await app.SendAsync(browser, HttpMethod.Post, "/refresh", Ct)).Text); // by the token that came with it
    }

    [Fact]
    public async Task A_workspace_is_asked_for_with_its_organization()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var organization = await idp.CreateOrganizationAsync(Ct);
        var browser = await EnteredAsync(app, organization);

        await app.SendAsync(browser, HttpMethod.Post, $"/switch/{organization.Id}/wsp_1", Ct);
        Assert.Equal((organization.Id.ToString(), "wsp_1"), (app.BackChannel.Form["organization"].ToString(), app.BackChannel.Form["workspace"].ToString()));

        await app.SendAsync(browser, HttpMethod.Post, "/refresh", Ct);
        Assert.DoesNotContain(app.BackChannel.Form.Keys, key => key is "organization" or "workspace");
    }

    [Theory]
    [InlineData("interaction_required", "InteractionRequired", true)]
    [InlineData("access_denied", "NotAMember", true)]
    [InlineData("temporarily_unavailable", "Unavailable", true)]
    [InlineData("invalid_client", "Unavailable", true)]
    [InlineData("invalid_grant", "SignedOut", false)]
    public async Task Only_a_dead_grant_signs_out(string error, string result, bool stays)
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var browser = await EnteredAsync(app, await idp.CreateOrganizationAsync(Ct));
        app.BackChannel.Answer = new TokenAnswer(HttpStatusCode.BadRequest, new JsonObject { ["error"] = error });

        Assert.Equal(result, (await app.SendAsync(browser, HttpMethod.Post, "/refresh", Ct)).Text);

        Assert.Equal(stays, (await app.MeAsync(browser, Ct))["user"] is not null);
    }

    [Theory]
    [InlineData("interaction_required", true)]
    [InlineData("access_denied", false)]
    [Trait("Attack", "D2")]
    public async Task A_due_refresh_that_the_policy_refuses_signs_in_nobody_until_one_is_granted(string error, bool asksTheOrganization)
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var organization = await idp.CreateOrganizationAsync(Ct);
        var browser = await EnteredAsync(app, organization);
        app.BackChannel.Answer = new TokenAnswer(HttpStatusCode.BadRequest, new JsonObject { ["error"] = error });
        app.Clock.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(10)); // due, and the token is still good

        Assert.Null((await app.MeAsync(browser, Ct))["user"]);
        Assert.Null((await app.MeAsync(browser, Ct))["user"]); // nor while no refresh is tried again
        Assert.Equal(1, app.BackChannel.Refreshes);
        Assert.Equal(HttpStatusCode.Redirect, (await app.SendAsync(browser, HttpMethod.Get, "/invoices", Ct)).Status);
        Assert.Equal(asksTheOrganization ? organization.Id.ToString() : null, (string?)app.BackChannel.Pushed.GetValueOrDefault("organization"));
        Assert.NotEmpty(app.BackChannel.Pushed);

        app.BackChannel.Answer = null;
        app.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(organization.Id.ToString(), (string?)(await app.MeAsync(browser, Ct))["organization"]);
    }

    [Fact]
    [Trait("Attack", "D10")]
    public async Task A_sign_out_is_not_undone_by_a_refresh_that_is_under_way()
    {
        var cache = new RecordingCache();
        await using var app = await RelyingApp.StartAsync(idp, Ct, cache: cache);
        var browser = await EnteredAsync(app, await idp.CreateOrganizationAsync(Ct));
        using var copy = app.Copy(browser);
        var (writing, mayWrite) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        cache.BeforeSet = () =>
        {
            writing.TrySetResult();
            return mayWrite.Task;
        };

        var refreshing = app.SendAsync(browser, HttpMethod.Post, "/refresh", Ct);
        await writing.Task.WaitAsync(Ct);
        var leaving = app.SendAsync(browser, HttpMethod.Post, "/signout-here", Ct);
        await cache.Removed.Task.WaitAsync(Ct); // by the sign-out
        mayWrite.SetResult();
        await Task.WhenAll(refreshing, leaving);

        Assert.Empty(cache.Entries);
        Assert.Null((await app.MeAsync(copy, Ct))["user"]);
    }

    [Fact]
    public async Task Who_reads_the_cache_has_no_tokens_and_who_writes_it_cannot_give_a_session_to_another()
    {
        var cache = new RecordingCache();
        await using var app = await RelyingApp.StartAsync(idp, Ct, cache: cache);
        var organization = await idp.CreateOrganizationAsync(Ct);
        var (ann, mallory) = (await EnteredAsync(app, organization), await EnteredAsync(app, organization));
        var token = (await app.SendAsync(ann, HttpMethod.Get, "/token", Ct)).Text;
        var keys = cache.Entries.Keys.ToArray();
        Assert.Equal(2, keys.Length);
        Assert.All(cache.Entries.Values, value => Assert.DoesNotContain(token[..40], Encoding.Latin1.GetString(value), StringComparison.Ordinal));

        (cache.Entries[keys[0]], cache.Entries[keys[1]]) = (cache.Entries[keys[1]], cache.Entries[keys[0]]);

        Assert.Null((await app.MeAsync(mallory, Ct))["user"]);
        Assert.Null((await app.MeAsync(ann, Ct))["user"]);
    }

    private async Task<WebBrowser> EnteredAsync(RelyingApp app, Organization organization)
    {
        var browser = await SignedInAsync(organization);
        await app.EnterAsync(browser, organization.Id, Ct);
        Assert.NotNull((await app.MeAsync(browser, Ct))["user"]);
        return browser;
    }

    private async Task<WebBrowser> SignedInAsync(Organization organization)
    {
        var user = await idp.CreateUserAsync($"{idp.Unique("person")}@{idp.UniqueHost()}", Ct);
        await idp.AddMemberAsync(organization, user, Ct);
        return (await idp.SignedInAsync(user, Ct)).Browser;
    }
}
