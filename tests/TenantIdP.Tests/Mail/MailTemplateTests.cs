using System.Diagnostics;
using Fluid;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.FileProviders;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Mail;
using TenantIdP.Server.Mail;
using Xunit;

namespace TenantIdP.Tests.Mail;

public sealed class MailTemplateTests
{
    private const string Good = "Subject: {{ organization }}\n--- text\nHello {{ person }}\n--- html\n<p>Hello {{ person }}</p>\n";

    private static readonly IWebHostEnvironment Environment = new Host(Path.GetTempPath());

    private static RenderedMail Render(string template, string person, string organization = "Acme") =>
        MailTemplateFile.Parse(template, "test").Render(new Dictionary<string, string> { ["organization"] = organization, ["person"] = person });

    [Fact]
    public void Every_mail_exists_in_English_and_German()
    {
        var templates = new MailTemplates(Environment);

        Assert.All(MailTemplate.All, t => Assert.Equal(("en", "de"), (templates.Find(t.Key, "en").Locale, templates.Find(t.Key, "de").Locale)));
    }

    [Theory]
    [InlineData("de-CH", "de")]
    [InlineData("DE", "de")]
    [InlineData("de_AT", "de")]
    [InlineData("fr", "en")]
    [InlineData("", "en")]
    [InlineData(null, "en")]
    [InlineData("../../../etc/passwd", "en")]
    public void The_nearest_language_is_taken(string? asked, string taken) => Assert.Equal(taken, new MailTemplates(Environment).Find(MailTemplate.BreakGlassUsed.Key, asked).Locale);

    [Fact]
    [Trait("Attack", "F3")]
    public void Markup_of_people_is_text_in_the_HTML_and_stays_as_typed_in_the_text()
    {
        var mail = Render(Good, "<img src=x onerror=alert(1)>{{ organization }}{% if %}");

        Assert.Equal("<p>Hello &lt;img src=x onerror=alert(1)&gt;{{ organization }}{% if %}</p>", mail.Html);
        Assert.Equal("Hello <img src=x onerror=alert(1)>{{ organization }}{% if %}\n", mail.Text);
    }

    [Fact]
    [Trait("Attack", "F3")]
    public void A_subject_is_one_line_whatever_is_in_it()
    {
        var subject = Render(Good, "x", "Acme\r\nBcc: victim@example.test\u0085\u0000\u001b[31m\r\n\r\n<b>").Subject;

        Assert.Equal("Acme Bcc: victim@example.test [31m <b>", subject);
    }

    [Fact]
    public void A_subject_has_an_end()
    {
        var subject = Render(Good, "x", string.Concat(Enumerable.Repeat("🦊", 500))).Subject;

        Assert.InRange(subject.Length, 199, 200);
        Assert.False(char.IsHighSurrogate(subject[^1]));
    }

    [Theory]
    [InlineData("no subject at all")]
    [InlineData("Subject: x\n--- html\n<p>x</p>\n--- text\nx\n")]
    [InlineData("Subject: x\n--- text\n{% for i in (1..1000000000) %}x{% endfor %}\n--- html\nx\n")]
    [InlineData("Subject: x\n--- text\n{% assign a = (1..1000000000) %}\n--- html\nx\n")]
    [InlineData("Subject: x\n--- text\n{% include 'x' %}\n--- html\nx\n")]
    [InlineData("Subject: x\n--- text\n{% if person %}\n--- html\nx\n")]
    [InlineData("Subject: x\n--- text\n{{ person \n--- html\nx\n")]
    [InlineData("Subject: x\n--- text\n{{ \"}}\" or person or person or person }}\n--- html\nx\n")]
    [InlineData("Subject: {{}}\n--- text\n{%%}\n--- html\nx\n")]
    public void What_is_no_template_ends_the_start_with_its_name(string content) =>
        Assert.StartsWith("here.liquid", Assert.Throws<StartupException>(() => MailTemplateFile.Parse(content, "here.liquid")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{{ nobody }}")]
    [InlineData("{{ person | raw }}")] // would switch the encoding off
    [InlineData("{{ person | upcase }}")]
    public void What_a_mail_does_not_have_is_refused(string body) =>
        Assert.Throws<FluidException>(() => Render($"Subject: x\n--- text\n{body}\n--- html\n{body}\n", "Zoë"));

    [Theory]
    [Trait("Attack", "G3")]
    [InlineData("{% if person %}", "{% endif %}")]
    [InlineData("{{ person[", "] }}")]
    [InlineData("{{ person and ", "x }}")]
    [InlineData("{{ ((((", ")))) }}")]
    public void A_hundred_thousand_levels_are_refused_at_once(string open, string close)
    {
        var bomb = string.Concat(Enumerable.Repeat(open, 100_000)) + string.Concat(Enumerable.Repeat(close, 100_000));
        var since = Stopwatch.StartNew();

        Assert.Throws<StartupException>(() => MailTemplateFile.Parse($"Subject: x\n--- text\n{bomb}\n--- html\nx\n", "test"));

        Assert.InRange(since.Elapsed.TotalSeconds, 0, 1);
    }

    [Fact]
    public void A_file_of_the_operator_counts_and_one_that_is_wrong_ends_the_start()
    {
        var root = Directory.CreateTempSubdirectory("tenantidp-theme-");
        var folder = root.CreateSubdirectory("themes/default/mail").FullName;
        try
        {
            var environment = new Host(root.FullName);
            File.WriteAllText(Path.Combine(folder, "sso_break_glass_used.fr.liquid"), "Subject: {{ organization }} : accès d'urgence\n--- text\n{{ person }}\n--- html\n<p>{{ person }}</p>\n");
            Assert.Equal("fr", new MailTemplates(environment).Find(MailTemplate.BreakGlassUsed.Key, "fr-CA").Locale);

            File.WriteAllText(Path.Combine(folder, "sso_break_glass_used.fr.liquid"), "Subject: x\n--- text\n{{ persn }}\n--- html\nx\n");
            Assert.Contains("sso_break_glass_used.fr.liquid", Assert.Throws<StartupException>(() => new MailTemplates(environment)).Message, StringComparison.Ordinal);

            File.Delete(Path.Combine(folder, "sso_break_glass_used.fr.liquid"));
            File.WriteAllText(Path.Combine(folder, "no_such_mail.en.liquid"), Good);
            Assert.Contains("no_such_mail.en.liquid", Assert.Throws<StartupException>(() => new MailTemplates(environment)).Message, StringComparison.Ordinal);
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    private sealed class Host(string root) : IWebHostEnvironment
    {
        public string EnvironmentName { get; set; } = "Production";
        public string ApplicationName { get; set; } = "test";
        public string ContentRootPath { get; set; } = root;
        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
        public string WebRootPath { get; set; } = root;
        public IFileProvider WebRootFileProvider { get; set; } = new NullFileProvider();
    }
}
