using System.Diagnostics.CodeAnalysis;
using System.Net.Mail;
using System.Xml;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.Idp;

/// <summary>The page on which a demo identity provider asks who it is, in either protocol; a page that posts back names only a handle.</summary>
internal sealed class SignInPage(string name, IReadOnlyList<DemoIdpPerson> people)
{
    public IResult Show(string handle, string? hint) => Show(handle, hint, error: null);

    public IResult Mistyped(string handle, string typed) => Show(handle, typed, "That is not an email address.");

    /// <summary>Anybody with an address may sign in, listed or not.</summary>
    public bool TryIdentify(string typed, [NotNullWhen(true)] out DemoIdpPerson? person)
    {
        var email = typed.Trim();
        person = !IsAddress(email) ? null : Find(email) ?? DemoIdpPerson.At(name, email, email[..email.IndexOf('@', StringComparison.Ordinal)], string.Empty);
        return person is not null;
    }

    private IResult Show(string handle, string? hint, string? error)
    {
        var hinted = Find(hint);
        var others = people.Where(person => person != hinted);

        return Page.Card($"{name} sign-in", $"Sign in to {name}", Html.Of($"""
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

    private DemoIdpPerson? Find(string? email) => people.FirstOrDefault(person => person.Email.Equals(email, StringComparison.OrdinalIgnoreCase));

    private static Html Choice(DemoIdpPerson person) => Html.Of($"""
        <button class="button person" name="email" value="{person.Email}"><span><span>{person.Name}</span> <span class="muted small">{person.Email}</span></span></button>
        """);

    private static Html Field(string? value, string? error) => error is null
        ? Html.Of($"""<input type="email" id="email" name="email" value="{value}" required maxlength="254" autocomplete="username">""")
        : Html.Of($"""<input type="email" id="email" name="email" value="{value}" required maxlength="254" autocomplete="username" aria-invalid="true" aria-describedby="email-error">""");

    // A quoted local part may hold what no XML can.
    private static bool IsAddress(string email) =>
        email.Length is > 2 and <= 254 && email.All(XmlConvert.IsXmlChar) && MailAddress.TryCreate(email, out var address) && address.Address == email;
}
