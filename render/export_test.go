package render

// Application is the name of the Application that makes the target.
func (t Target) Application() string { return t.application }

// FindFolders is Find without what the objects of Argo CD and Flux say.
func (r *Repository) FindFolders() { r.folders([]string{"."}) }
