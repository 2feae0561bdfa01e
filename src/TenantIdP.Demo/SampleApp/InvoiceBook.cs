namespace TenantIdP.Demo.SampleApp;

internal sealed record Invoice(string Number, string Customer, int Amount);

/// <summary>Each organization's invoices, in memory. The organization always comes from a validated token.</summary>
internal sealed class InvoiceBook
{
    private const int MostPerOrganization = 200;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<Invoice>> _books = [];

    public IReadOnlyList<Invoice> Of(string organizationId, string slug)
    {
        lock (_gate)
            return [.. Open(organizationId, slug)];
    }

    public void Add(string organizationId, string slug, string customer)
    {
        lock (_gate)
        {
            var book = Open(organizationId, slug);
            if (book.Count < MostPerOrganization)
                book.Add(new($"{slug}-{book.Count + 1:000}", customer, 250));
        }
    }

    private List<Invoice> Open(string organizationId, string slug)
    {
        if (!_books.TryGetValue(organizationId, out var book))
        {
            _books[organizationId] = book =
            [
                new($"{slug}-001", "Northwind Traders", 1_280),
                new($"{slug}-002", "Contoso", 640),
                new($"{slug}-003", "Fabrikam", 2_415),
            ];
        }

        return book;
    }
}
