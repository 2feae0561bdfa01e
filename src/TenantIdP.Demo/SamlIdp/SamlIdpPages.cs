using System.Text;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.SamlIdp;

internal sealed class SamlIdpPages(DemoSamlIdpOptions options)
{
    public const string ScriptPath = "/post.js";

    private string Brand => $"{options.Name} sign-in";

    public IResult Home(SamlSession? session, SamlServiceProvider? last) => Page.Card(Brand, $"{options.Name} identity provider", Html.Of($"""
        <p>{(session is null ? "Nobody is signed in here in this browser." : $"You are signed in here as {session.Person.Email}.")}</p>
        <p class="muted">A demo SAML 2.0 provider for development. Applications find it by its <a href="/metadata">metadata</a>.</p>
        {Html.When(session is not null, () => SignedInActions(last))}
        """));

    /// <summary>The POST binding (Bindings 3.5): a form that the script sends at once and the button sends without it.</summary>
    public IResult Post(SamlServiceProvider provider, string response, string? relayState) => new Scripted(Page.Card(Brand, "Back to the application", Html.Of($"""
        <p>You will continue to {provider.Acs.Authority}.</p>
        <form method="post" action="{provider.Acs.AbsoluteUri}">
          <input type="hidden" name="SAMLResponse" value="{Convert.ToBase64String(Encoding.UTF8.GetBytes(response))}">
          {Html.When(relayState is not null, () => Html.Of($"""<input type="hidden" name="RelayState" value="{relayState}">"""))}
          <button class="button primary">Continue</button>
        </form>
        <script src="{ScriptPath}" defer></script>
        """)));

    public IResult SignedOut() => Page.Card(Brand, "You are signed out", Html.Of($"""
        <p>{options.Name} has forgotten this browser.</p>
        <p><a class="button" href="/">About {options.Name}</a></p>
        """));

    public IResult Failure(string title, string sentence) => Page.Failure(Brand, title, sentence, $"About {options.Name}", "/", StatusCodes.Status400BadRequest);

    private static Html SignedInActions(SamlServiceProvider? last) => Html.Of($"""
        {(last is null
            ? Html.Of($"""<p class="muted">No application has asked for a sign-in yet; once one has, you can open it from here.</p>""")
            : Html.Of($"""<form method="post" action="/start"><button class="button primary">Open {last.Acs.Authority}</button></form>"""))}
        <form method="post" action="/sign-out"><button class="button">Sign out</button></form>
        """);

    // Only this page may run a script, and only one from a file.
    private sealed class Scripted(IResult page) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.ContentSecurityPolicy = $"{httpContext.Response.Headers.ContentSecurityPolicy}; script-src 'self'";
            return page.ExecuteAsync(httpContext);
        }
    }
}
