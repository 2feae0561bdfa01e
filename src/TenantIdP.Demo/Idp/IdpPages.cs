using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.Idp;

internal sealed class IdpPages(DemoIdpOptions options)
{
    private string Brand => $"{options.Name} sign-in";

    public IResult Home(IdpSession? session) => Page.Card(Brand, $"{options.Name} identity provider", Html.Of($"""
        <p>{(session is null ? "Nobody is signed in here in this browser." : $"You are signed in here as {session.Person.Email}.")}</p>
        <p class="muted">A demo OpenID provider for development. Applications find it by its <a href="/.well-known/openid-configuration">discovery document</a>.</p>
        {Html.When(session is not null, SignOutForm)}
        """));

    public IResult ConfirmSignOut() => Page.Card(Brand, $"Sign out of {options.Name}?", Html.Of($"""
        <p>The application did not prove who asks, so that you have to.</p>
        {SignOutForm()}
        """));

    public IResult SignedOut() => Page.Card(Brand, "You are signed out", Html.Of($"""<p>{options.Name} has forgotten this browser.</p>"""));

    public IResult Failure(string title, string sentence, int status) => Page.Failure(Brand, title, sentence, $"About {options.Name}", "/", status);

    private static Html SignOutForm() => Html.Of($"""<form method="post" action="/sign-out"><button class="button primary">Sign out</button></form>""");
}
