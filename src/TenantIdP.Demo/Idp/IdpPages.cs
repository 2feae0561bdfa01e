using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.Idp;

internal sealed class IdpPages(DemoIdpOptions options)
{
    private string Brand => $"{options.Name} sign-in";

    public IResult Login(string handle, string? hint, string? error = null)
    {
        var hinted = options.People.FirstOrDefault(person => person.Email.Equals(hint, StringComparison.OrdinalIgnoreCase));
        var others = options.People.Where(person => person != hinted);

        return Page.Card(Brand, $"Sign in to {options.Name}", Html.Of($"""
            <p class="muted">Demo identity provider: it asks for no password. Choose who you are.</p>
            {Html.When(error is not null, () => Html.Of($"<p class=\"alert danger\" role=\"alert\" id=\"email-error\">{error}</p>"))}
            <form method="post" action="/login" class="stack">
              <input type="hidden" name="request" value="{handle}">
              {Html.When(hinted is not null, () => Html.Of($"""<button class="button primary" name="email" value="{hinted!.Email}">Continue as {hinted.Name}</button>"""))}
              {Html.Join(others.Select(Choice))}
            </form>
            <p class="or">or anybody else</p>
            <form method="post" action="/login" class="stack">
              <input type="hidden" name="request" value="{handle}">
              <div>
                <label for="email">Email</label>
                {Field(hinted is null ? hint : null, error)}
              </div>
              {(hinted is null ? Html.Of($"<button class=\"button primary\">Continue</button>") : Html.Of($"<button class=\"button\">Continue</button>"))}
            </form>
            """), error is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest);
    }

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

    private static Html Choice(DemoIdpPerson person) => Html.Of($"""
        <button class="button person" name="email" value="{person.Email}"><span><span>{person.Name}</span> <span class="muted small">{person.Email}</span></span></button>
        """);

    private static Html Field(string? value, string? error) => error is null
        ? Html.Of($"""<input type="email" id="email" name="email" value="{value}" required maxlength="254" autocomplete="username">""")
        : Html.Of($"""<input type="email" id="email" name="email" value="{value}" required maxlength="254" autocomplete="username" aria-invalid="true" aria-describedby="email-error">""");
}
