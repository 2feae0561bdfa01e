using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.SignIn;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Federation;

/// <summary>A browser, an app and an identity provider, and what a visit left behind.</summary>
public abstract class SamlVisits(IdpHost idpHost) : IAsyncLifetime
{
    private RelyingParty? registered;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected IdpHost Host => idpHost;
    protected WebBrowser Browser { get; } = new();
    protected TestSamlIdp Idp { get; } = new($"https://{idpHost.UniqueHost()}");
    protected RelyingParty App => registered!; // registered before the test

    public async ValueTask InitializeAsync() => registered = await Host.CreateAppAsync(Ct);

    public virtual ValueTask DisposeAsync()
    {
        Browser.Dispose();
        Idp.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    protected async Task<(RelyingParty.Pending Pending, SeenRequest Request)> LeaveAsync(string domain, TestSamlIdp provider, WebBrowser? by = null)
    {
        var pending = App.Authorize(("login_hint", $"jane@{domain}"));
        var page = await (by ?? Browser).GetAsync(pending.Address, Ct, provider.IsHere);
        Assert.True(provider.IsHere(page.Address), $"{page.Address}: {page.Text}");
        return (pending, TestSamlIdp.Read(page.Address));
    }

    protected async Task<WebPage> ReturnAsync(TestSamlIdp provider, SamlAnswer answer, WebBrowser? by = null) =>
        await (by ?? Browser).SubmitAsync(await provider.PageAsync(answer, Ct), new Dictionary<string, string>(), Ct, stopAt: App.IsCallback);

    protected async Task<TokenAnswer> RedeemAsync(WebPage page, RelyingParty.Pending pending)
    {
        Assert.True(App.IsCallback(page.Address), $"{page.Address} {page.Status}: {page.Text.Trim()}");
        var tokens = await App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        Assert.True(tokens.IsOk, tokens.Body.ToJsonString());
        return tokens;
    }

    protected Task<List<SignInTrace>> TracesAsync(Connection connection) =>
        Host.ReadAsync(db => db.SignInTraces.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(t => t.ConnectionId == connection.Id).OrderBy(t => t.Id).ToListAsync(Ct));

    protected Task<List<string>> RefusalsAsync(Connection connection)
    {
        var target = connection.Id.ToString();
        return Host.ReadAsync(db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(e => e.TargetId == target && e.Type == EventTypes.SignInRefused).Select(e => e.Data).ToListAsync(Ct));
    }

    protected async Task AssertNobodyAsync(Connection connection)
    {
        Assert.DoesNotContain(Browser.Cookies.GetAllCookies(), c => c.Name == "tidp");
        Assert.False(await Host.ReadAsync(db => db.UserIdentities.AnyAsync(i => i.ConnectionId == connection.Id, Ct)));
    }
}
